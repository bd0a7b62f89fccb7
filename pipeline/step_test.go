package pipeline_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// TestStepsOfAFlow are seen by a hook, and each of them can end the flow.
func TestStepsOfAFlow(t *testing.T) {
	want := map[pipeline.Step]int{
		{Stage: "count", Event: "start"}: 1, {Stage: "count", Event: "send"}: 3, {Stage: "count", Event: "end"}: 1,
		{Stage: "collect", Event: "start"}: 1, {Stage: "collect", Event: "end"}: 1,
	}
	if steps, err := stepped(t, pipeline.Step{}); err != nil || !maps.Equal(steps, want) {
		t.Errorf("steps %v, error %v", steps, err)
	}
	for step := range want {
		if _, err := stepped(t, step); !errors.Is(err, errStep) {
			t.Errorf("%v: error %v", step, err)
		}
	}
}

var errStep = errors.New("by the hook")

// stepped runs a flow that hands three values on, and fails at a step.
func stepped(t *testing.T, at pipeline.Step) (map[pipeline.Step]int, error) {
	var mu sync.Mutex
	steps := map[pipeline.Step]int{}
	flow := pipeline.NewFlow(pipeline.WithSteps(t.Context(), func(s pipeline.Step) error {
		mu.Lock()
		defer mu.Unlock()
		if steps[s]++; s == at {
			return fmt.Errorf("%w: %v", errStep, s)
		}
		return nil
	}))
	sent := pipeline.From(flow, "count", 1, numbers(3))
	pipeline.Into(flow, "collect", sent, &collect{})
	return steps, flow.Wait()
}
