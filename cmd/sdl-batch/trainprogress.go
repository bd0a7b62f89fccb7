package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/train"
)

// watchTraining is watch for a training: a bar of its steps on a terminal, log
// lines otherwise.
func watchTraining(w *os.File) (show engine.Handler, done func()) {
	if !term.IsTerminal(int(w.Fd())) {
		l := &trainLines{lines: newLines(w)}
		return l.show, func() {}
	}
	b := &trainBar{bar: newBar(w)}
	return b.show, b.done
}

// trainLines writes a training's events as log lines.
type trainLines struct{ *lines }

func (l *trainLines) show(e engine.Event) {
	switch e := e.(type) {
	case train.Planned:
		l.log.Info("training planned", "tune", e.Tune, "images", e.Images, "validation", e.Validation, "dropped", e.Dropped,
			"batch", e.Batch, "epochs", e.Epochs, "steps", e.Steps, "done_steps", e.DoneSteps, "device", e.Device)
	case train.Stepped:
		if time.Since(l.last) < logEvery && e.Step < e.Steps {
			return
		}
		l.last = time.Now()
		l.log.Info("progress", "epoch", e.Epoch, "step", e.Step, "of", e.Steps, "loss", fmt.Sprintf("%.4g", e.Loss), "rate", fmt.Sprintf("%.3g", e.Rate),
			"images_per_s", round(e.PerSecond), "left", e.Remaining.Round(time.Second), "rejected", e.Rejected, "waits_for_images", round(e.WaitsForImages))
	case train.Validated:
		if e.Measured {
			l.log.Info("epoch done", "epoch", e.Epoch, "of", e.Epochs, e.Metric, round(e.Value), "best", e.Best, "seconds", round(e.Seconds))
		}
	case train.Rejected:
		l.log.Warn("image passed over", "uri", e.URI, "code", e.Code, "why", e.Message)
	default:
		l.lines.show(e)
	}
}

// trainBar draws a bar of a training's steps, with its epochs above it.
type trainBar struct {
	*bar
	steps    *mpb.Bar
	progress atomic.Pointer[train.Stepped]
}

func (b *trainBar) show(e engine.Event) {
	switch e := e.(type) {
	case train.Planned:
		b.say("training %s on %s: %d images, %d to validate, %d without a seen tag; %d epochs of %d steps\n",
			tuneWords[e.Tune], e.Device, e.Images, e.Validation, e.Dropped, e.Epochs, e.Steps/int64(e.Epochs))
		if e.DoneSteps > 0 {
			b.say("going on after %d steps\n", e.DoneSteps)
		}
		b.begin(e)
	case train.Stepped:
		b.progress.Store(&e)
		b.steps.SetCurrent(e.Step)
	case train.Validated:
		if e.Measured {
			b.say("epoch %d: %s %.2f%s\n", e.Epoch, e.Metric, e.Value, map[bool]string{true: ", the best so far"}[e.Best])
		}
	case train.Rejected:
		b.say("passed over %s: %s: %s\n", e.URI, e.Code, e.Message)
	case engine.Progress:
		b.features(e)
	default:
		b.bar.show(e)
	}
}

// features shows how many are computed, of one part of the set after the other.
func (b *trainBar) features(e engine.Progress) {
	switch computing := b.bar.bar != nil; {
	case e.Rows < e.Total && !computing:
		b.last.Store(nil)
		b.bar.begin(e.Total, "features")
	case e.Rows < e.Total:
		b.bar.show(e)
	case computing:
		b.bar.bar.Abort(true)
		b.bar.bar = nil
		b.say("computed the features of %d images\n", e.Total-e.Rejected)
	}
}

var tuneWords = map[string]string{"head": "the head", "last-stage": "the last stage", "all": "the whole net"}

func (b *trainBar) begin(e train.Planned) {
	b.steps = b.out.AddBar(e.Steps,
		mpb.PrependDecorators(decor.Name("training "), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			p := b.progress.Load()
			if p == nil {
				return ""
			}
			return fmt.Sprintf(" %s left  loss %.4g  epoch %d  %.1f images/s  rate %.2g", p.Remaining.Round(time.Second), p.Loss, p.Epoch, p.PerSecond, p.Rate)
		})),
	)
	b.steps.SetCurrent(e.DoneSteps)
}

func (b *trainBar) done() {
	if b.steps != nil && !b.steps.Completed() {
		b.steps.Abort(false)
	}
	b.bar.done()
}

func secondsText(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}
