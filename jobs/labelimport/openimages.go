package labelimport

import (
	"context"
	"errors"
	"slices"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/sources/openimages"
)

// OpenImages imports image-level labels. What a file does not mention of an image
// is unknown.
type OpenImages struct {
	Options
	Labels  string // URI of ImageID,Source,LabelName,Confidence
	Classes string // URI of LabelName,DisplayName
}

// imageSuffix follows an image's id in the names of the published files.
const imageSuffix = ".jpg"

// Run imports. handle receives Progress; it may be nil. Errors wrap
// jobs.ErrConfig, storage's or the context's cause. Where the images do not come
// in the order of their ids, the file is read twice and 8 bytes of each image are
// kept.
func (o OpenImages) Run(ctx context.Context, handle engine.Handler) (*Imported, error) {
	done, err := o.run(ctx, handle, openimages.Options{})
	if errors.Is(err, openimages.ErrUnordered) {
		done, err = o.run(ctx, handle, openimages.Options{Remember: true})
	}
	return done, outcome(ctx, err)
}

func (o OpenImages) run(ctx context.Context, handle engine.Handler, read openimages.Options) (*Imported, error) {
	t, err := o.table(ctx, handle)
	if err != nil {
		return nil, err
	}
	classes, err := o.classes(ctx)
	if err != nil {
		return nil, err
	}
	in, err := open(ctx, o.Labels)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	s := &openSet{
		file: openimages.File{Name: storage.Redact(o.Labels), Reader: in}, options: read, classes: classes, split: o.Split,
	}
	return t.write(ctx, o.Options, s)
}

func (o OpenImages) classes(ctx context.Context) (map[string]string, error) {
	in, err := open(ctx, o.Classes)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return openimages.Classes(openimages.File{Name: storage.Redact(o.Classes), Reader: in})
}

// openSet is the set with its labels open.
type openSet struct {
	file    openimages.File
	options openimages.Options
	classes map[string]string // id -> name
	split   string

	positives, negatives []string // room for an image
}

func (s *openSet) judges() []string { return nil }

func (s *openSet) rows(t *table) error {
	counts, err := openimages.Read(s.file, s.options, func(i openimages.Image) error {
		s.positives = s.names(t, i.Positives, s.positives)
		s.negatives = s.names(t, i.Negatives, s.negatives)
		return t.add(row{name: i.ID + imageSuffix, positives: s.positives, negatives: s.negatives, split: s.split})
	})
	t.done.Notes.Labels, t.done.Notes.Uncertain = counts.Rows, counts.Uncertain
	t.done.Notes.Conflicts += counts.Conflicts
	return err
}

// names are the names of classes, in the memory of room.
func (s *openSet) names(t *table, ids, room []string) []string {
	names := slices.Grow(room[:0], len(ids))
	for _, id := range ids {
		if name, ok := s.classes[id]; ok {
			names = append(names, name)
		} else {
			t.join.unjoined.add(UnnamedClass, id, 1)
		}
	}
	return names
}
