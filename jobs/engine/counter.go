package engine

import (
	"context"
	"sync"
	"time"
)

const (
	reportEvery = 500 * time.Millisecond
	rateWindow  = 20 // reports that the rate is taken over
)

// Counter counts rows and reports them as Progress. It is safe for concurrent
// use.
type Counter struct {
	send  Handler
	total int64

	mu           sync.Mutex
	ok, rejected int64
	recent       []sample
}

type sample struct {
	at   time.Time
	rows int64
}

// NewCounter starts to count total rows. send must take calls from several
// goroutines (Serial).
func NewCounter(send Handler, total int64) *Counter {
	return &Counter{send: send, total: total, recent: []sample{{at: time.Now()}}}
}

// Add counts rows that were done and rejected.
func (c *Counter) Add(ok, rejected int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ok += int64(ok)
	c.rejected += int64(rejected)
}

// Rows returns how many rows were counted.
func (c *Counter) Rows() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ok + c.rejected
}

// Report sends a Progress now and then until ctx ends. bottleneck names the
// stage that the others wait for; nil names none.
func (c *Counter) Report(ctx context.Context, bottleneck func() string) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			stage := ""
			if bottleneck != nil {
				stage = bottleneck()
			}
			c.send(c.at(now, stage))
		}
	}
}

// Send sends a Progress at once.
func (c *Counter) Send() { c.send(c.at(time.Now(), "")) }

// at returns the state at a moment; the rate is that of the last reports.
func (c *Counter) at(now time.Time, bottleneck string) Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := c.ok + c.rejected
	c.recent = append(c.recent, sample{now, rows})
	if len(c.recent) > rateWindow {
		c.recent = c.recent[1:]
	}
	e := Progress{Rows: rows, Rejected: c.rejected, Total: c.total, Bottleneck: bottleneck}
	first := c.recent[0]
	if seconds := now.Sub(first.at).Seconds(); seconds > 0 {
		e.PerSecond = float64(rows-first.rows) / seconds
	}
	if e.PerSecond > 0 {
		e.Remaining = time.Duration(float64(c.total-rows) / e.PerSecond * float64(time.Second))
	}
	return e
}
