package storage

import (
	"context"
	"net/http"
)

// Step is a point in the work of this package. It is for tests, which stop a
// program, or have an operation fail, at each of them.
type Step struct {
	// Op is what is about to happen: stat, open, read, create, write, commit,
	// abort, put, link, remove, discard or list as a store does it, request as its client
	// sends it; on local files create temp, fsync, name, unlink and mkdir; and
	// wait, before another try: an error of the hook lets it come at once.
	Op string
	// Name is the full name of the object, the path of a file, or the method and
	// target of a request, with whatever secrets it has.
	Name string
	// Done: it has happened, and went well.
	Done bool
}

type stepsKey struct{}

// WithSteps returns a context under which operations of this package call hook
// at each of their steps, from any goroutine. An error of the hook before a step
// is that of a step that did nothing; after it, of one that was done and whose
// answer was lost.
func WithSteps(ctx context.Context, hook func(Step) error) context.Context {
	return context.WithValue(ctx, stepsKey{}, hook)
}

// stepsOf is the context's hook, nil without one.
func stepsOf(ctx context.Context) func(Step) error {
	hook, _ := ctx.Value(stepsKey{}).(func(Step) error)
	return hook
}

// step takes a step that the hook may prevent.
func step(ctx context.Context, op, name string, do func() error) error {
	if hook := stepsOf(ctx); hook != nil {
		if err := hook(Step{Op: op, Name: name}); err != nil {
			return err
		}
	}
	return do()
}

// answered takes a step that the hook may prevent, or whose answer it may take
// away.
func answered(ctx context.Context, op, name string, do func() error) error {
	err := step(ctx, op, name, do)
	if hook := stepsOf(ctx); hook != nil && err == nil {
		return hook(Step{Op: op, Name: name, Done: true})
	}
	return err
}

// steppedRequests makes each request of a client a step.
type steppedRequests struct{ next http.RoundTripper }

func (s steppedRequests) RoundTrip(request *http.Request) (response *http.Response, err error) {
	hook := stepsOf(request.Context())
	if hook == nil {
		return s.next.RoundTrip(request)
	}
	sent := Step{Op: "request", Name: request.Method + " " + request.URL.RequestURI()}
	if err := hook(sent); err != nil {
		return nil, err
	}
	if response, err = s.next.RoundTrip(request); err != nil {
		return nil, err
	}
	sent.Done = true
	if err := hook(sent); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}
