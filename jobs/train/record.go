package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/history"
	"github.com/sdl-batch/sdl-batch/training/loop"
)

// record keeps the history of a training and tells how it goes.
type record struct {
	out     *storage.Bucket
	send    engine.Handler
	plan    plan
	config  loop.Config
	history *history.History
	lineage []history.Fact

	smooth   float64 // loss
	perStep  float64 // seconds, smoothed
	perEpoch float64 // seconds of the last validation
	waiting  float64 // share of the time, smoothed
	rejected int64
	toldAt   time.Time
}

const (
	tellEvery       = 500 * time.Millisecond
	smoothing       = 0.95
	maxHistoryBytes = 1 << 30
	storeTimeout    = time.Minute
	// lastStoreTimeout is that of a training that was interrupted: with its last
	// checkpoint it must be over before whoever sent the signal loses patience.
	lastStoreTimeout = 3 * time.Second
)

// resume reads the history of earlier processes, where those did any steps. The
// training does not depend on it: one that is damaged begins anew, with a warning.
func (r *record) resume(ctx context.Context, step int64) error {
	r.history = &history.History{}
	if step == 0 {
		return nil
	}
	text, _, err := r.out.ReadAll(ctx, historyKey, maxHistoryBytes)
	if errors.Is(err, storage.ErrTransient) || errors.Is(err, storage.ErrPermission) || ctx.Err() != nil {
		return err
	}
	h := r.history
	if err == nil {
		h, err = history.Read(bytes.NewReader(text))
	}
	if err != nil {
		r.send(engine.Warned{Message: fmt.Sprintf("the curves begin anew: %v", err)})
		return nil
	}
	r.history = h
	return nil
}

// drop notes an image that is not trained on; it tells whether that is news.
func (r *record) drop(uri, reason string) bool {
	known := len(r.history.Drops)
	if known >= 2*maxNamed { // without a seen tag, and unreadable
		return false // enough to look at; the counts tell the rest
	}
	r.history.AddDrop(history.Drop{URI: uri, Reason: reason})
	return len(r.history.Drops) > known
}

// reject notes an image that could not be had, and tells of it the first time.
func (r *record) reject(e Rejected) {
	if r.drop(e.URI, e.reason()) {
		r.send(e)
	}
}

// told takes the loop's events.
func (r *record) told(ctx context.Context) func(loop.Event) {
	return func(e loop.Event) {
		switch e := e.(type) {
		case loop.StepDone:
			r.step(e)
		case loop.EpochDone:
			r.epoch(e)
		case loop.ImageRejected:
			r.rejected++
			r.reject(rejectedOf(e.URI, e.Reject))
		case loop.Saving:
			r.tryStore(ctx, history.Running, "")
		case loop.Unsaved:
			r.send(engine.Warned{Message: fmt.Sprintf("the checkpoint after step %d could not be written, the training goes on from the one before: %v", e.Step, e.Err)})
		}
	}
}

func (r *record) step(e loop.StepDone) {
	r.history.AddStep(history.Step{
		Step: e.Step, Epoch: e.Epoch, Loss: float64(e.Terms.Loss), Rank: float64(e.Terms.Ranking), Regulariser: float64(e.Terms.Regulariser),
		LearningRate: e.Learning, ImagesPerSecond: float64(e.Images) / e.Seconds, Seconds: e.Seconds,
	})
	r.smooth = follow(r.smooth, float64(e.Terms.Loss))
	r.perStep = follow(r.perStep, e.Seconds)
	r.waiting = follow(r.waiting, e.Waited/e.Seconds)
	if time.Since(r.toldAt) < tellEvery && e.Step < r.config.Steps() {
		return
	}
	r.toldAt = time.Now()
	r.send(Stepped{
		Step: e.Step, Steps: r.config.Steps(), Epoch: e.Epoch, Epochs: r.config.Epochs, Loss: r.smooth, Rate: e.Learning,
		PerSecond: float64(e.Images) / r.perStep, Remaining: r.left(e), Rejected: r.rejected, WaitsForImages: r.waiting,
	})
}

// left is the time for all steps and validations that are to come.
func (r *record) left(e loop.StepDone) time.Duration {
	seconds := float64(r.config.Steps()-e.Step)*r.perStep + float64(r.config.Epochs-e.Epoch+1)*r.perEpoch
	return time.Duration(seconds * float64(time.Second))
}

// follow is a moving average that begins with the first value.
func follow(average, value float64) float64 {
	if average == 0 {
		return value
	}
	return smoothing*average + (1-smoothing)*value
}

func (r *record) epoch(e loop.EpochDone) {
	r.perEpoch = e.Seconds
	r.history.AddEpoch(history.Epoch{Epoch: e.Epoch, Step: e.Step, Seconds: e.Seconds, Metrics: e.Metrics, Best: e.Best})
	value, measured := e.Metrics[r.config.Metric]
	r.send(Validated{Epoch: e.Epoch, Epochs: r.config.Epochs, Metric: r.config.Metric, Value: value, Measured: measured, Best: e.Best, Seconds: e.Seconds})
}

// tryStore is store where a failure does not matter. A training that was
// interrupted stores its history, too.
func (r *record) tryStore(ctx context.Context, status history.Status, message string) {
	limit := storeTimeout
	if ctx.Err() != nil {
		limit = lastStoreTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := r.store(ctx, status, message); err != nil {
		r.send(engine.Warned{Message: fmt.Sprintf("the training's page could not be written: %v", err)})
	}
}

// store writes the history as lines, as a table and as a page.
func (r *record) store(ctx context.Context, status history.Status, message string) error {
	for _, file := range []struct {
		key   string
		write func(io.Writer) error
	}{
		{historyKey, r.history.Encode},
		{metricsKey, func(w io.Writer) error { return r.history.WriteTable(w, columnar.Options{}) }},
		{pageKey, func(w io.Writer) error { return history.Page(w, r.page(status, message)) }},
	} {
		if err := r.out.WriteObject(ctx, file.key, file.write); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) page(status history.Status, message string) history.Report {
	return history.Report{
		Title: "Training of " + r.out.URI(), Status: status, Message: message, Updated: time.Now().UTC().Truncate(time.Second),
		Steps: r.config.Steps(), Metric: r.config.Metric, Settings: r.plan.facts(), Lineage: r.lineage, History: r.history,
	}
}

// settings are the recipe as a bundle's lineage has it.
func (p plan) settings() map[string]string {
	out := map[string]string{}
	for name, value := range fields(p.encode()) {
		if text, err := strconv.Unquote(value); err == nil {
			value = text
		}
		out[name] = value
	}
	for _, elsewhere := range []string{"version", "labels", "init", "seed"} {
		delete(out, elsewhere)
	}
	return out
}

func (p plan) facts() []history.Fact {
	var facts []history.Fact
	for name, value := range p.settings() {
		facts = append(facts, history.Fact{Name: name, Value: value})
	}
	sort.Slice(facts, func(i, j int) bool { return facts[i].Name < facts[j].Name })
	return facts
}
