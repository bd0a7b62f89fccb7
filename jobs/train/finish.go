package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/history"
	"github.com/sdl-batch/sdl-batch/training/loop"
)

// finish writes the best epoch's tensors as a bundle, the last word of the
// history, and removes what only going on would need.
func (t *training) finish(ctx context.Context, p loop.Progress, device string) (Summary, error) {
	best, err := t.store.Tensors(ctx, p.Best.File)
	if errors.Is(err, storage.ErrNotExist) { // another process may have finished, and cleared, the same training
		if b, claimErr := t.claim(ctx); claimErr == nil && b != nil {
			return t.summary(b, true), t.clear(ctx)
		}
	}
	if err != nil {
		return Summary{}, fmt.Errorf("best epoch: %w", err)
	}
	bundle, err := t.Bundle.Retrained(t.merged(best), t.lineage(p), t.Vocab, t.options.Program)
	if err != nil {
		return Summary{}, err
	}
	status := history.Finished
	if p.Ended == loop.StoppedEarly {
		status = history.StoppedEarly
	}
	if err := t.record.store(ctx, status, ""); err != nil {
		return Summary{}, err
	}
	stored, err := model.WriteBundle(ctx, t.options.Output, bundle, model.WriteOptions{Program: t.options.Program})
	if err != nil {
		return Summary{}, err
	}
	if err := t.clear(ctx); err != nil {
		return Summary{}, err
	}
	s := t.summary(stored, false)
	s.Device, s.Rejected, s.Steps, s.Ended = device, p.Rejected+t.missing, p.Step, string(p.Ended)
	s.Epochs = int(p.Step / max(t.record.config.PerEpoch, 1))
	s.BestEpoch, s.Metrics = p.Best.Epoch, p.Best.Metrics
	return s, nil
}

// clear removes checkpoints and the training's own features.
func (t *training) clear(ctx context.Context) error {
	if err := t.store.Clear(ctx); err != nil {
		return err
	}
	own := loop.Store{Bucket: t.out, Folder: featureFolder}
	return own.Clear(ctx)
}

func (t *training) lineage(p loop.Progress) model.Lineage {
	seed := t.options.Recipe.Seed
	settings := t.plan.settings()
	settings[planSetting] = t.plan.id()
	settings["best_epoch"] = fmt.Sprint(p.Best.Epoch)
	settings["ended"] = string(p.Ended)
	l := model.Lineage{Trained: true, Labels: t.plan.Labels, Seed: &seed, Settings: settings, Metrics: p.Best.Metrics}
	if !isNew(t.options.Init) {
		l.Parent, l.Checkpoint = t.ModelID, t.Description().Lineage.Checkpoint
	}
	return l
}

// facts are the lineage for people.
func (t *training) facts() []history.Fact {
	return []history.Fact{
		{Name: "initial model", Value: t.ModelID}, {Name: "labels", Value: t.plan.Labels},
		{Name: "vocabulary", Value: t.plan.Vocab}, {Name: "program", Value: t.options.Program},
	}
}

func (t *training) summary(b *model.Bundle, already bool) Summary {
	l := b.Description.Lineage
	s := Summary{
		Output: t.out.URI(), ModelID: b.ID(), Tune: t.options.Tune, Images: t.set.train.Len(),
		Dropped: t.set.dropped, DroppedImages: t.set.named, Page: t.out.URI() + "/" + pageKey, AlreadyFinished: already,
		Metrics: l.Metrics, Ended: l.Settings["ended"],
	}
	fmt.Sscan(l.Settings["best_epoch"], &s.BestEpoch)
	return s
}
