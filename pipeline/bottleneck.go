package pipeline

import (
	"context"
	"sync"
	"time"
)

// Bottleneck tells which stage holds the others up. It samples the channels
// between stages: the stage that everything waits for is the last one whose
// input stays filled.
type Bottleneck struct {
	first string

	mu    sync.Mutex
	fill  []float64 // moving average of each link's load, 0..1
	names []string
}

// Watch samples the links of f until ctx ends. Call it once all stages are
// connected. first names the stage to blame when no channel fills up.
func Watch(ctx context.Context, f *Flow, first string, every time.Duration) *Bottleneck {
	b := &Bottleneck{first: first, fill: make([]float64, len(f.links))}
	for _, l := range f.links {
		b.names = append(b.names, l.into)
	}
	go b.sample(ctx, f.links, every)
	return b
}

func (b *Bottleneck) sample(ctx context.Context, links []link, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.add(links)
		}
	}
}

func (b *Bottleneck) add(links []link) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range links {
		if n, c := l.load(); c > 0 {
			b.fill[i] += 0.2 * (float64(n)/float64(c) - b.fill[i])
		}
	}
}

// Name returns the stage that currently limits the rate.
func (b *Bottleneck) Name() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.fill) - 1; i >= 0; i-- {
		if b.fill[i] >= 0.5 {
			return b.names[i]
		}
	}
	return b.first
}
