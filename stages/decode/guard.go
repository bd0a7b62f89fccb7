package decode

import (
	"context"
	"io"
	"time"
)

// guard ends a decoding that was cancelled or takes too long. Decoders ask it
// now and then, so no second goroutine is needed that could outlive them. From one
// question to the next at most half of the limit counts: a process that was
// stopped, or whose machine slept, is no slow image.
type guard struct {
	ctx   context.Context
	limit time.Duration
	spent time.Duration
	asked time.Time
	err   error // the first refusal
}

func (g *guard) begin(ctx context.Context, limit time.Duration) {
	*g = guard{ctx: ctx, limit: limit, asked: time.Now()}
}

// check returns nil, the context's cause or a timeout; once not nil, always the same.
func (g *guard) check() error {
	now := time.Now()
	g.spent += min(now.Sub(g.asked), (g.limit+1)/2)
	g.asked = now
	switch {
	case g.err != nil:
	case g.ctx.Err() != nil:
		g.err = context.Cause(g.ctx)
	case g.spent > g.limit:
		g.err = refuse(CodeTimeout, "not decoded within %v", g.limit)
	}
	return g.err
}

// resume ends a wait that does not count, which check was asked right before. err,
// if there is one, is what check returns from now on.
func (g *guard) resume(err error) {
	g.err, g.asked = err, time.Now()
}

// reader gives a decoder its bytes as long as the guard's check allows.
type reader struct {
	check   func() error
	data    []byte
	drained bool // more was asked for than there is
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	if len(r.data) == 0 && len(p) > 0 {
		r.drained = true
		return 0, io.EOF
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}
