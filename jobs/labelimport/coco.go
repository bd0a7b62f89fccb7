package labelimport

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/sources/coco"
)

// COCO imports an instances file. Its categories are judged in every image.
type COCO struct {
	Options
	Instances  string // URI
	SkipCrowds bool   // annotations of crowds say nothing
}

// Run imports. handle receives Progress; it may be nil. Errors wrap
// jobs.ErrConfig, storage's or the context's cause.
func (o COCO) Run(ctx context.Context, handle engine.Handler) (*Imported, error) {
	t, err := o.table(ctx, handle)
	if err != nil {
		return nil, err
	}
	set, err := o.read(ctx, t)
	if err != nil {
		return nil, outcome(ctx, err)
	}
	done, err := t.write(ctx, o.Options, cocoSet{set, o.Split})
	return done, outcome(ctx, err)
}

func (o COCO) read(ctx context.Context, t *table) (*coco.Instances, error) {
	in, err := open(ctx, o.Instances)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	set, err := coco.Read(in, coco.Options{SkipCrowd: o.SkipCrowds, Progress: func(_, annotations int64) { t.tell(annotations) }})
	if errors.Is(err, coco.ErrInvalid) {
		err = fmt.Errorf("%s: %w", storage.Redact(o.Instances), err)
	}
	if err != nil {
		return nil, err
	}
	t.done.Notes.Annotations, t.done.Notes.Crowds = set.Annotations, set.Crowds
	for id, annotations := range set.Strays {
		t.join.unjoined.add(UnknownImage, strconv.FormatInt(id, 10), annotations)
	}
	return set, nil
}

type cocoSet struct {
	*coco.Instances
	split string
}

func (s cocoSet) judges() []string { return s.Categories() }

func (s cocoSet) rows(t *table) error {
	for name, tags := range s.Images() {
		if err := t.add(row{name: name, positives: tags, split: s.split}); err != nil {
			return err
		}
	}
	return nil
}
