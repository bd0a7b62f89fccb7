package engine

import (
	"sync"
	"time"
)

// Handler receives what happens while a job runs. It is called from one
// goroutine at a time and must not block for long.
type Handler func(Event)

// Event is one of the types below, or one of a job's own.
type Event interface{ Event() }

// Loaded: the model is ready.
type Loaded struct {
	ModelID   string
	ModelName string
	Untrained bool
	Tags      int
	Unseen    int
	Device    string // the one used
	Passed    string // why devices that auto would have preferred were not used
	Library   string
	BatchSize int
	Threads   int
	Seconds   float64
}

// Progress comes about twice a second.
type Progress struct {
	Rows       int64 // done or rejected, by this process
	Rejected   int64
	Total      int64   // rows this process has to do
	PerSecond  float64 // over the last seconds
	Remaining  time.Duration
	Bottleneck string // the stage that the others wait for
}

// Warned: something is odd, and work goes on.
type Warned struct{ Message string }

// Event implements the interface.
func (Loaded) Event() {}

// Event implements the interface.
func (Progress) Event() {}

// Event implements the interface.
func (Warned) Event() {}

// Serial returns a handler that may be called from several goroutines and hands
// events on one at a time; nil is a handler of nothing.
func Serial(handle Handler) Handler {
	if handle == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		handle(e)
	}
}
