package pipeline

import "context"

// Step is a boundary of a stage. It is for tests, which stop a program, or have
// a stage fail, at each of them.
type Step struct {
	Stage string
	Event string // start, send: before a value is handed on, end: of a stage that ended well
}

type (
	stepsKey struct{}
	stageKey struct{}
)

// WithSteps returns a context under which the stages of a [Flow] call hook at
// each of their steps, from any goroutine; an error of the hook is the stage's.
func WithSteps(ctx context.Context, hook func(Step) error) context.Context {
	return context.WithValue(ctx, stepsKey{}, hook)
}

// stepping runs a stage between its steps, where the context asks for them.
func stepping(ctx context.Context, stage string, run func(context.Context) error) error {
	hook, _ := ctx.Value(stepsKey{}).(func(Step) error)
	if hook == nil {
		return run(ctx)
	}
	if err := hook(Step{Stage: stage, Event: "start"}); err != nil {
		return err
	}
	sending := func() error { return hook(Step{Stage: stage, Event: "send"}) }
	if err := run(context.WithValue(ctx, stageKey{}, sending)); err != nil {
		return err
	}
	return hook(Step{Stage: stage, Event: "end"})
}

// beforeSend is the step of a stage that hands a value on.
func beforeSend(ctx context.Context) error {
	if sending, ok := ctx.Value(stageKey{}).(func() error); ok {
		return sending()
	}
	return nil
}
