package main

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
)

// watchCounts shows how far a job is whose end nobody knows, in the words that
// say makes of an event: a line that changes on a terminal, log lines otherwise.
func watchCounts(w *os.File, say func(engine.Event) string) (show engine.Handler, done func()) {
	if !term.IsTerminal(int(w.Fd())) {
		l := newLines(w)
		return func(e engine.Event) {
			if time.Since(l.last) >= logEvery {
				l.last = time.Now()
				l.log.Info(say(e))
			}
		}, func() {}
	}
	t := newTicker(w, say)
	return t.show, t.done
}

// ticker is a line that changes.
type ticker struct {
	out  *mpb.Progress
	bar  *mpb.Bar
	say  func(engine.Event) string
	text atomic.Value // string
}

func newTicker(w io.Writer, say func(engine.Event) string, o ...mpb.ContainerOption) *ticker {
	t := &ticker{out: mpb.New(append(o, mpb.WithOutput(w))...), say: say}
	t.text.Store("")
	t.bar = t.out.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return t.text.Load().(string) })))
	return t
}

func (t *ticker) show(e engine.Event) { t.text.Store(t.say(e)) }

func (t *ticker) done() {
	t.bar.Abort(true)
	t.out.Wait()
}
