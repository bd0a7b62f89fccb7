package loop

import (
	"context"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// owedEpoch ends the epoch whose steps an earlier process did, and no more.
func (t *run) owedEpoch(ctx context.Context) error {
	if t.progress.Step/t.Config.PerEpoch == int64(t.progress.Epochs) {
		return nil
	}
	return t.endEpoch(ctx)
}

// endEpoch validates and saves, and ends the training where that is due.
func (t *run) endEpoch(ctx context.Context) error {
	if err := t.validate(ctx); err != nil {
		return err
	}
	switch {
	case t.progress.Step >= t.Config.Steps():
		t.progress.Ended = AllSteps
	case t.Config.Patience > 0 && t.progress.Stale >= t.Config.Patience:
		t.progress.Ended = StoppedEarly
	}
	if err := t.save(ctx); err != nil {
		return err
	}
	t.stepAt = time.Now()
	if t.progress.Ended != "" {
		return errEnded
	}
	return nil
}

// validate measures the epoch and keeps its tensors if it is the best.
func (t *run) validate(ctx context.Context) error {
	start := time.Now()
	metrics, err := t.measure(ctx)
	if err != nil {
		return fmt.Errorf("validation: %w", err)
	}
	best := t.progress.Best == nil || metrics == nil || metrics[t.Config.Metric] > t.progress.Best.Metrics[t.Config.Metric]
	if best {
		file, err := t.Store.SaveBest(ctx, t.progress.Step, t.result())
		if err != nil {
			return err
		}
		t.progress.Best = &Best{Epoch: t.epoch(), Step: t.progress.Step, Metrics: metrics, File: file}
		t.progress.Stale = 0
	} else {
		t.progress.Stale++
	}
	t.progress.Epochs++
	t.unsaved = true
	t.tell(EpochDone{Epoch: t.epoch(), Step: t.progress.Step, Metrics: metrics, Best: best, Seconds: time.Since(start).Seconds()})
	return nil
}

// measure returns nil where nothing is validated.
func (t *run) measure(ctx context.Context) (map[string]float64, error) {
	if t.Validate == nil {
		return nil, nil
	}
	metrics, err := t.Validate(ctx, t.result())
	if _, there := metrics[t.Config.Metric]; err == nil && !there {
		err = fmt.Errorf("no metric %s", t.Config.Metric)
	}
	return metrics, err
}

// result are the tensors that count: the average's where there is one.
func (t *run) result() tresnet.Params {
	if t.average != nil {
		return t.average
	}
	return t.Step.State().Params
}
