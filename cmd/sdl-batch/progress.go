package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
)

// logEvery is how often a job says how far it is where nobody looks on.
const logEvery = 5 * time.Second

// watch returns a handler that shows a job's events on w: a bar on a terminal,
// log lines otherwise. Call done when the job has ended.
func watch(w *os.File) (show label.Handler, done func()) {
	if term.IsTerminal(int(w.Fd())) {
		b := newBar(w)
		return b.show, b.done
	}
	return newLines(w).show, func() {}
}

// lines writes events as log lines.
type lines struct {
	log  *slog.Logger
	last time.Time
}

func newLines(w io.Writer) *lines {
	return &lines{log: slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: redacted})), last: time.Now()}
}

// redacted is a text of a log line without secrets.
func redacted(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString {
		a.Value = slog.StringValue(storage.RedactText(a.Value.String()))
	}
	return a
}

func (l *lines) show(e label.Event) {
	switch e := e.(type) {
	case label.Loaded:
		l.log.Info("model loaded", "model", e.ModelName, "tags", e.Tags, "unseen", e.Unseen, "device", e.Device,
			"batch", e.BatchSize, "threads", e.Threads, "seconds", round(e.Seconds))
		if e.Passed != "" {
			l.log.Info("devices passed over", "why", e.Passed)
		}
	case label.Planned:
		l.log.Info("run planned", "run", e.RunID, "resumed", e.Resumed, "committed", e.Committed, "rows", e.Rows,
			"shards", e.Shards, "done_rows", e.DoneRows)
	case label.Progress:
		if time.Since(l.last) < logEvery {
			return
		}
		l.last = time.Now()
		l.log.Info("progress", "rows", e.Rows, "of", e.Total, "rejected", e.Rejected, "images_per_s", round(e.PerSecond),
			"left", left(e), "bottleneck", e.Bottleneck)
	case label.Bounded:
		l.log.Info("memory bounded", "bytes", e.Bytes)
	case label.ShardDone:
		l.log.Info("shard done", "shard", e.Shard, "rows", e.Rows, "rejected", e.Rejected, "seconds", round(e.Seconds))
	case label.Warned:
		l.log.Warn(e.Message)
	}
}

func round(x float64) float64 { return float64(int64(x*10+0.5)) / 10 }

// bar draws one progress bar, with messages above it.
type bar struct {
	out  *mpb.Progress
	bar  *mpb.Bar
	last atomic.Pointer[label.Progress]
}

func newBar(w io.Writer, o ...mpb.ContainerOption) *bar {
	return &bar{out: mpb.New(append(o, mpb.WithOutput(w), mpb.WithWidth(64))...)}
}

func (b *bar) show(e label.Event) {
	switch e := e.(type) {
	case label.Loaded:
		b.say("model %s on %s: %d tags, %d of them unseen\n", e.ModelName, e.Device, e.Tags, e.Unseen)
		if e.Passed != "" {
			b.say("passed over: %s\n", e.Passed)
		}
	case label.Planned:
		b.say("run %s: %d rows in %d shards%s\n", e.RunID, e.Rows, e.Shards, resumedWords(e))
		if !e.Committed {
			b.begin(e.Rows-e.DoneRows, e.RunID)
		}
	case label.Progress:
		b.last.Store(&e)
		if b.bar != nil {
			b.bar.SetCurrent(e.Rows)
		}
	case label.Warned:
		b.say("warning: %s\n", e.Message)
	}
}

// left is the time that a job will still take, as far as can be told.
func left(p label.Progress) string {
	if p.PerSecond <= 0 && p.Rows < p.Total {
		return "unknown time"
	}
	return p.Remaining.Round(time.Second).String()
}

// waiting names the stage that a job waits for, where it knows.
func waiting(p label.Progress) string {
	if p.Bottleneck == "" {
		return ""
	}
	return "  waits for " + p.Bottleneck
}

func resumedWords(e label.Planned) string {
	switch {
	case e.Committed:
		return ", committed already"
	case e.Resumed:
		return fmt.Sprintf(", going on after %d rows", e.DoneRows)
	}
	return ""
}

func (b *bar) say(format string, args ...any) {
	io.WriteString(b.out, storage.RedactText(fmt.Sprintf(format, args...)))
}

func (b *bar) begin(total int64, name string) {
	b.bar = b.out.AddBar(total,
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			p := b.last.Load()
			if p == nil {
				return ""
			}
			return fmt.Sprintf(" %.1f/s  %s left  %d rejected%s", p.PerSecond, left(*p), p.Rejected, waiting(*p))
		})),
	)
}

func (b *bar) done() {
	if b.bar != nil && !b.bar.Completed() {
		b.bar.Abort(false)
	}
	b.out.Wait()
}
