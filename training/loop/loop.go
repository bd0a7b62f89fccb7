package loop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/loss"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// Loop trains. All fields but Validate, Told and Display are required.
type Loop struct {
	Config  Config
	Step    *step.Step
	Targets *loss.Targets
	Tags    *SeenTags
	Source  Source
	Store   *Store

	// Validate measures a model with the given tensors, by metric name. nil:
	// no validation, and the last epoch is the result.
	Validate func(ctx context.Context, p tresnet.Params) (map[string]float64, error)
	// Told receives StepDone, EpochDone, ImageRejected and Saving.
	Told func(Event)
	// Display makes a URI fit to be shown.
	Display func(string) string
}

// Event is one of the types in events.go.
type Event interface{ event() }

// errEnded ends the source.
var errEnded = errors.New("the training has ended")

// saveTimeout bounds the checkpoint of a training that is interrupted.
const saveTimeout = 10 * time.Second

// run is one call of Run.
type run struct {
	*Loop
	progress Progress
	average  tresnet.Params // nil: none
	unsaved  bool           // the last checkpoint is not of now
	savedAt  time.Time
	stepAt   time.Time
}

// Run trains from where r stands, or from the start where r is nil; the step
// must have r's state. It returns where the training ended. Interrupted, it
// saves a checkpoint and returns the context's cause; it also saves one before
// any other error but a Divergence, which is a loss that is not finite or grows
// without end.
func (l *Loop) Run(ctx context.Context, r *Resumed) (Progress, error) {
	if err := l.Config.Validate(); err != nil {
		return Progress{}, err
	}
	if r != nil && l.Config.Average > 0 && len(r.Average) != len(r.State.Params) {
		return r.Progress, errors.New("training: the checkpoint has no moving average of all tensors")
	}
	t := l.begin(r)
	if t.progress.Ended != "" {
		return t.progress, nil
	}
	err := t.owedEpoch(ctx)
	if err == nil {
		t.stepAt = time.Now()
		err = l.Source.Run(ctx, t.progress.Place, t.batch)
	}
	if errors.Is(err, errEnded) {
		return t.progress, nil
	}
	if !errors.Is(err, ErrDiverged) {
		t.saveLast(ctx)
	}
	if ctx.Err() != nil {
		return t.progress, context.Cause(ctx)
	}
	return t.progress, err
}

func (l *Loop) begin(r *Resumed) *run {
	t := &run{Loop: l, savedAt: time.Now()}
	if r != nil {
		t.progress = r.Progress
	}
	switch {
	case l.Config.Average == 0:
	case r != nil:
		t.average = r.Average
	default:
		t.average = copied(l.Step.State().Params)
	}
	return t
}

// saveLast writes a checkpoint although the context may have ended. Without it
// the training goes on from the one before.
func (t *run) saveLast(ctx context.Context) {
	if !t.unsaved {
		return
	}
	t.tell(Saving{Step: t.progress.Step})
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := t.write(detached); err != nil {
		t.tell(Unsaved{Step: t.progress.Step, Err: err})
	}
}

// batch trains on one batch.
func (t *run) batch(ctx context.Context, b *Batch) error {
	waited := time.Since(t.stepAt)
	for i, row := range b.Rows {
		if err := t.Targets.Set(i, t.Tags.Of(row.Positives), t.negatives(row.Negatives, row.Partial)); err != nil {
			return fmt.Errorf("%s: %w", t.Display(row.URI), err)
		}
	}
	rate := t.rate(t.progress.Step)
	coefficients := t.Config.Adam.Coefficients(rate, t.rate(max(t.progress.Step-1, 0)), int(t.progress.Step))
	terms, err := t.run(ctx, b, coefficients)
	if err != nil && !errors.Is(err, step.ErrDiverged) {
		return err
	}
	spoilt := t.spoilt()
	if err != nil || !t.progress.Watch.add(float64(terms.Loss), t.Targets, len(b.Rows)) || spoilt != "" {
		return &Divergence{
			Step: t.progress.Step + 1, Loss: float64(terms.Loss), Tensor: spoilt, Learning: rate.Learning, URIs: urisOf(b.Rows, t.Display),
		}
	}
	if t.average != nil {
		average(t.average, t.Step.State().Params, t.Config.Average)
	}
	t.count(b)
	took := time.Since(t.stepAt)
	t.stepAt = time.Now()
	t.tell(StepDone{
		Step: t.progress.Step, Epoch: t.epoch(), Terms: terms, Learning: rate.Learning,
		Seconds: took.Seconds(), Waited: waited.Seconds(), Images: len(b.Rows),
	})
	return t.after(ctx)
}

// negatives are the known negatives among the seen tags; nil: all others.
func (t *run) negatives(ids []int32, partial bool) []int32 {
	if !partial {
		return nil
	}
	return t.Tags.Of(ids)
}

func (t *run) rate(step int64) optimise.Rate { return t.Config.Schedule.At(int(step)) }

func (t *run) run(ctx context.Context, b *Batch, c optimise.Coefficients) (step.Terms, error) {
	if b.Features != nil {
		return t.Step.Floats(ctx, b.Features, t.Targets, c)
	}
	return t.Step.Pixels(ctx, b.Pixels, t.Targets, c)
}

func (t *run) count(b *Batch) {
	t.unsaved = true
	t.progress.Step++
	t.progress.Place = b.Next
	t.progress.Images += int64(len(b.Rows))
	for _, r := range b.Rejected {
		t.progress.Rejected++
		t.tell(ImageRejected{URI: t.Display(r.URI), Reject: r.Reject})
	}
}

// epoch is the number, from 1, of the epoch that the last step belonged to.
func (t *run) epoch() int { return int((t.progress.Step-1)/t.Config.PerEpoch) + 1 }

// after saves and validates where it is time to, and ends the training.
func (t *run) after(ctx context.Context) error {
	if t.progress.Step%t.Config.PerEpoch == 0 {
		return t.endEpoch(ctx)
	}
	if time.Since(t.savedAt) < t.saveEvery() {
		return nil
	}
	return t.save(ctx)
}

func (t *run) saveEvery() time.Duration {
	if t.Config.SaveEvery > 0 {
		return t.Config.SaveEvery
	}
	return 10 * time.Minute
}

func (t *run) save(ctx context.Context) error {
	t.tell(Saving{Step: t.progress.Step})
	err := t.write(ctx)
	if err != nil && ctx.Err() == nil {
		t.unsaved = false // to try it again at once would be of no use
	}
	return err
}

func (t *run) write(ctx context.Context) error {
	if err := t.Store.Save(ctx, t.progress, t.Step.State(), t.average); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	t.unsaved, t.savedAt = false, time.Now()
	return nil
}

func (t *run) tell(e Event) {
	if t.Told != nil {
		t.Told(e)
	}
}
