package decode

import (
	"context"
	"io"
	"time"
)

// guard ends a decoding that was cancelled or takes too long. Decoders ask it
// now and then, so no second goroutine is needed that could outlive them.
type guard struct {
	ctx      context.Context
	limit    time.Duration
	deadline time.Time
	err      error // the first refusal
}

func (g *guard) begin(ctx context.Context, limit time.Duration) {
	*g = guard{ctx: ctx, limit: limit, deadline: time.Now().Add(limit)}
}

// check returns nil, the context's cause or a timeout; once not nil, always the same.
func (g *guard) check() error {
	switch {
	case g.err != nil:
	case g.ctx.Err() != nil:
		g.err = context.Cause(g.ctx)
	case time.Now().After(g.deadline):
		g.err = refuse(CodeTimeout, "not decoded within %v", g.limit)
	}
	return g.err
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
