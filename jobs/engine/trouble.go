package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// troubleEvery is how often storage that does not answer is told of.
const troubleEvery = 10 * time.Second

// WithTrouble returns a context under which storage that has to be asked again is
// told as Warned: at once, and then no more often than every ten seconds, with how
// many times there were meanwhile. send must take calls from several goroutines
// (Serial).
func WithTrouble(ctx context.Context, send Handler) context.Context {
	t := &troubles{send: send}
	return storage.OnTrouble(ctx, t.add)
}

type troubles struct {
	send Handler

	mu     sync.Mutex
	last   time.Time
	passed int // since last
}

func (t *troubles) add(met storage.Trouble) {
	if message := t.due(met); message != "" {
		t.send(Warned{Message: message})
	}
}

// due counts a trouble, and words it where it is time to tell.
func (t *troubles) due(met storage.Trouble) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.last) < troubleEvery {
		t.passed++
		return ""
	}
	message := fmt.Sprintf("%s: %v; it is asked again%s", met.URI, met.Err, whenAgain(met))
	if t.passed > 0 {
		message += fmt.Sprintf(" (%d more since the last of these lines)", t.passed)
	}
	t.last, t.passed = time.Now(), 0
	return message
}

func whenAgain(met storage.Trouble) string {
	if met.Delay < time.Millisecond {
		return ""
	}
	return fmt.Sprintf(" in %v", met.Delay.Round(10*time.Millisecond))
}
