package label

import (
	"context"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

const (
	reportEvery = 500 * time.Millisecond
	rateWindow  = 20 // reports that the rate is taken over
)

// progress counts rows and reports them.
type progress struct {
	events *serial
	total  int64

	mu           sync.Mutex
	ok, rejected int64
	recent       []sample
}

type sample struct {
	at   time.Time
	rows int64
}

func (p *progress) count(ok, rejected int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ok += int64(ok)
	p.rejected += int64(rejected)
}

func (p *progress) rows() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ok + p.rejected
}

// report sends a Progress now and then until ctx ends.
func (p *progress) report(ctx context.Context, narrow *pipeline.Bottleneck) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.events.send(p.at(now, narrow.Name()))
		}
	}
}

// at returns the state at a moment; the rate is that of the last reports.
func (p *progress) at(now time.Time, bottleneck string) Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := p.ok + p.rejected
	p.recent = append(p.recent, sample{now, rows})
	if len(p.recent) > rateWindow {
		p.recent = p.recent[1:]
	}
	e := Progress{Rows: rows, Rejected: p.rejected, Total: p.total, Bottleneck: bottleneck}
	first := p.recent[0]
	if seconds := now.Sub(first.at).Seconds(); seconds > 0 {
		e.PerSecond = float64(rows-first.rows) / seconds
	}
	if e.PerSecond > 0 {
		e.Remaining = time.Duration(float64(p.total-rows) / e.PerSecond * float64(time.Second))
	}
	return e
}
