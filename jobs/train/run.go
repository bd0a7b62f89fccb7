package train

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/augment"
	"github.com/sdl-batch/sdl-batch/training/history"
	"github.com/sdl-batch/sdl-batch/training/images"
	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/loop"
	"github.com/sdl-batch/sdl-batch/training/optimise"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// Run trains a model and writes it as a bundle to the output. It may be
// interrupted anywhere and called again, and then ends with the same weights.
// Errors wrap jobs.ErrConfig, ErrOtherTraining, jobs.ErrRejectBudget,
// ErrDiverged, storage.ErrTransient or the context's cause where they are
// of that kind. handle receives engine's events and this package's; it may be nil.
func Run(ctx context.Context, o Options, handle engine.Handler) (Summary, error) {
	began := time.Now()
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return Summary{}, err
	}
	out, err := jobs.OpenPatiently(ctx, o.Output)
	if err != nil {
		return Summary{}, fmt.Errorf("output: %w", jobs.AsConfig(ctx, err))
	}
	defer out.Close()
	s, err := o.run(ctx, out, engine.Serial(handle))
	s.Seconds = time.Since(began).Seconds()
	return s, jobs.CauseOf(ctx, err)
}

// training is one training at work.
type training struct {
	*start
	options Options
	out     *storage.Bucket
	send    engine.Handler
	set     *set
	tags    *loop.SeenTags
	plan    plan
	batch   int // images a step: the plan's, or as many as have features
	store   *loop.Store
	record  *record
	missing int64      // images to train on without features
	unread  []Rejected // of those, as far as they are named
}

func (o Options) run(ctx context.Context, out *storage.Bucket, send engine.Handler) (Summary, error) {
	in, err := o.begin(ctx)
	if err != nil {
		return Summary{}, err
	}
	for _, w := range append(in.Warnings, o.warnings()...) {
		send(engine.Warned{Message: w})
	}
	tags := loop.NewSeenTags(in.Vocab)
	set, err := o.read(ctx, in, tags)
	if err != nil {
		return Summary{}, err
	}
	defer set.Close()
	t := &training{
		start: in, options: o, out: out, send: send, set: set, tags: tags, plan: o.plan(in, set),
		store: &loop.Store{Bucket: out, Folder: checkpoints},
	}
	t.batch = t.plan.Batch
	finished, err := t.claim(ctx)
	if finished != nil {
		return t.summary(finished, true), t.clear(ctx) // an earlier process may not have come to it
	}
	if err != nil {
		return Summary{}, err
	}
	if err := t.measurable(); err != nil {
		return Summary{}, err
	}
	if err := t.plan.settle(ctx, out); err != nil {
		return Summary{}, err
	}
	return t.train(ctx)
}

func (o Options) plan(in *start, s *set) plan {
	return plan{
		Version: planVersion, Labels: s.Digest(), Vocab: in.VocabID, Init: in.ModelID, Tune: o.Tune,
		Images: s.train.Len(), Batch: int(min(int64(o.Recipe.Batch), s.train.Len())), Recipe: o.Recipe,
	}
}

// claim looks at what the output holds: nothing, this training's bundle, or
// something else, which is refused.
func (t *training) claim(ctx context.Context) (*model.Bundle, error) {
	b, err := model.OpenBundle(ctx, t.options.Output)
	switch {
	case errors.Is(err, storage.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("output: %w", jobs.AsConfig(ctx, err))
	case b.Description.Lineage.Settings[planSetting] == t.plan.id():
		return b, nil
	}
	if _, err := t.out.Stat(ctx, planKey); err == nil {
		if err := t.plan.settle(ctx, t.out); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: %s holds another bundle (%s)", ErrOtherTraining, t.out.URI(), b.ID())
}

// planSetting is the name of the plan's digest in a bundle's lineage.
const planSetting = "plan"

// train runs the loop over whichever source the tuning has.
func (t *training) train(ctx context.Context) (Summary, error) {
	runtime, err := t.options.Runtime()
	if err != nil {
		return Summary{}, err
	}
	reader, err := jobs.ImagesOf(t.options.Labels, t.options.Access)
	if err != nil {
		return Summary{}, err
	}
	defer reader.Close()
	if depths[t.options.Tune] == tresnet.Head {
		return t.onFeatures(ctx, runtime, reader)
	}
	source := &loop.Pixels{Stream: t.stream(reader), Part: t.set.train, Seed: uint64(t.options.Recipe.Seed), Batch: t.batch, Rejected: t.passedOver}
	var validate validator
	if t.set.validation.Len() > 0 {
		validate = t.onImages(reader)
	}
	return t.loop(ctx, runtime, source, t.set.train.Len(), validate)
}

// onFeatures trains the head on features that are computed once.
func (t *training) onFeatures(ctx context.Context, runtime engine.Runtime, reader *storage.Objects) (Summary, error) {
	bucket, folder, release, err := t.options.openCache(ctx, t.out)
	if err != nil {
		return Summary{}, err
	}
	defer release()
	c := &cache{start: t.start, options: t.options, runtime: runtime, reader: reader, bucket: bucket, folder: folder, send: t.send}
	table, err := c.table(ctx, t.plan, labels.Train, t.set.train)
	if err != nil {
		return Summary{}, err
	}
	defer table.Close()
	t.missing, t.unread = t.set.train.Len()-table.Len(), c.unread
	if table.Len() < 2 {
		return Summary{}, fmt.Errorf("%w: %d of the images to train on could be read, want at least 2", jobs.ErrRejectBudget, table.Len())
	}
	t.batch = int(min(int64(t.batch), table.Len()))
	var validate validator
	if t.set.validation.Len() > 0 {
		held, err := c.table(ctx, t.plan, labels.Validation, t.set.validation)
		if err != nil {
			return Summary{}, err
		}
		defer held.Close()
		t.unmeasured(t.set.validation.Len() - held.Len())
		validate = t.start.onFeatures(held, runtime.Options)
	}
	source := &loop.Features{Table: table, Size: t.arch.Features(), Seed: uint64(t.options.Recipe.Seed), Batch: t.batch}
	return t.loop(ctx, runtime, source, table.Len(), validate)
}

// stream reads and varies images.
func (t *training) stream(reader *storage.Objects) *images.Stream {
	s := &images.Stream{
		Reader: reader, Fetch: t.options.Fetch, Spec: engine.DecodeSpec(t.Description()), Workers: t.options.Workers(),
		ChunkSize: min(max(t.batch, 8), images.MaxChunk),
	}
	config := t.options.Recipe.augmentation()
	if config == (augment.Config{}) {
		return s
	}
	augmenters := sync.Pool{New: func() any {
		a, err := augment.New(config)
		if err != nil {
			panic("train: a validated augmentation is refused: " + err.Error())
		}
		return a
	}}
	s.Augment = func(_, position int64, pixels []uint8) {
		a := augmenters.Get().(*augment.Augmenter)
		defer augmenters.Put(a)
		a.Apply(pixels, t.arch.InputSize, rand.New(rand.NewPCG(uint64(t.options.Recipe.Seed), uint64(position))))
	}
	return s
}

func (t *training) config(images int64) loop.Config {
	r := t.options.Recipe
	c := loop.Config{
		Batch: t.batch, PerEpoch: images / int64(t.batch), Epochs: r.Epochs, Adam: r.adam(),
		Average: r.Average, Metric: r.Metric, Patience: r.Patience, SaveEvery: t.options.SaveEvery,
	}
	c.Schedule = optimise.OneCycle{Max: r.Rate, Steps: int(c.Steps()), Start: r.WarmUp}
	return c
}

func (t *training) stepConfig(runtime engine.Runtime) step.Config {
	return step.Config{
		Architecture: t.arch, Depth: depths[t.options.Tune], Input: t.input, Batch: t.batch, Places: t.set.places,
		Vectors: t.tags.Vectors, Loss: t.options.Recipe.loss(), Adam: t.options.Recipe.adam(), Session: runtime.Options,
	}
}

// loop trains from where the last process stopped to the end.
func (t *training) loop(ctx context.Context, runtime engine.Runtime, source loop.Source, images int64, validate validator) (Summary, error) {
	config, steps := t.config(images), t.stepConfig(runtime)
	resumed, err := t.resume(ctx)
	if err != nil {
		return Summary{}, err
	}
	state, err := t.state(resumed, steps)
	if err != nil {
		return Summary{}, err
	}
	s, err := step.New(steps, state, t.params)
	if err != nil {
		return Summary{}, fmt.Errorf("%w: model: %w", jobs.ErrConfig, err)
	}
	defer s.Close()
	if depths[t.options.Tune] == tresnet.Whole {
		t.params = nil // every one of them is in the state
	}
	done, err := t.begin(ctx, config, resumed)
	if err != nil {
		return Summary{}, err
	}
	t.send(Planned{
		Images: t.set.train.Len(), Validation: t.set.validation.Len(), Dropped: t.set.dropped, Batch: t.batch,
		Steps: config.Steps(), Epochs: config.Epochs, DoneSteps: done, Device: s.Device().String(), Tune: t.options.Tune,
	})
	l := &loop.Loop{
		Config: config, Step: s, Targets: steps.NewTargets(), Tags: t.tags, Source: source, Store: t.store,
		Told: t.record.told(ctx), Display: storage.Redact,
	}
	if validate != nil {
		l.Validate = validate
	}
	progress, err := l.Run(ctx, resumed)
	if err != nil {
		return Summary{}, t.failed(ctx, err)
	}
	return t.finish(ctx, progress, s.Device().String())
}

// begin opens the record and returns how many steps are done.
func (t *training) begin(ctx context.Context, config loop.Config, resumed *loop.Resumed) (int64, error) {
	t.record = &record{out: t.out, send: t.send, plan: t.plan, config: config, lineage: t.facts(), rejected: t.missing}
	done := int64(0)
	if resumed != nil {
		done = resumed.Progress.Step
		t.record.rejected += resumed.Progress.Rejected
	}
	if err := t.record.resume(ctx, done); err != nil {
		return 0, err
	}
	for _, uri := range t.set.named {
		t.record.drop(uri, "no seen tag")
	}
	for _, r := range t.unread {
		t.record.drop(r.URI, r.reason())
	}
	return done, nil
}

// resume finds the newest checkpoint.
func (t *training) resume(ctx context.Context) (*loop.Resumed, error) {
	resumed, skipped, err := t.store.Load(ctx)
	for _, s := range skipped {
		t.send(engine.Warned{Message: fmt.Sprintf("passed over: %v", s)})
	}
	return resumed, err
}

func (t *training) state(resumed *loop.Resumed, c step.Config) (step.State, error) {
	if resumed != nil {
		return resumed.State, nil
	}
	return step.NewState(c.Architecture, c.Depth, t.params)
}

// passedOver tells of an image and ends a training whose present pass lacks more
// of them than the budget allows, without reading the rest.
func (t *training) passedOver(r loop.Rejected, codes map[string]int64) error {
	t.record.reject(rejectedOf(storage.Redact(r.URI), r.Reject))
	var missing int64
	for _, n := range codes {
		missing += n
	}
	return jobs.WithinBudget(missing, t.set.train.Len(), codes, t.options.MaxRejectRate)
}

// failed leaves a page that tells of a training that cannot go on as it is.
func (t *training) failed(ctx context.Context, err error) error {
	if errors.Is(err, loop.ErrNoImages) {
		err = fmt.Errorf("%w: %w", jobs.ErrRejectBudget, err)
	}
	switch {
	case errors.Is(err, loop.ErrDiverged):
		t.record.tryStore(ctx, history.Diverged, err.Error())
	case errors.Is(err, jobs.ErrRejectBudget):
		t.record.tryStore(ctx, stopped, err.Error())
	}
	return err
}

// stopped is the state of a training that had too many rejects.
const stopped history.Status = "stopped"
