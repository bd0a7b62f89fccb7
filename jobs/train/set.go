package train

import (
	"context"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/loop"
)

// maxNamed bounds the images that are named: those without a seen tag, and
// those that could not be had.
const maxNamed = 1000

// set is the labelled images of a training.
type set struct {
	*labels.Set
	train, validation *labels.Part
	places            int   // positive seen tags that an image of train has at most
	rated             int64 // images of validation with a seen tag
	dropped           int64
	named             []string // of those, without secrets
}

// read sorts the rows into parts. An image to train on that has no seen tag has
// no loss: it is dropped, counted and named.
func (o Options) read(ctx context.Context, in *start, tags *loop.SeenTags) (*set, error) {
	s := &set{}
	side := labels.SplitBy(o.Recipe.HeldOut, uint64(o.Recipe.Seed))
	part := func(r *labels.Row) string {
		name, n := side(r), tags.Count(r.Positives)
		if name == labels.Validation && n > 0 {
			s.rated++
		}
		switch name {
		case labels.Train:
		case labels.Validation:
			return name
		default:
			return "" // another split is not this command's
		}
		if n == 0 {
			s.drop(r.URI)
			return ""
		}
		s.places = max(s.places, n)
		return name
	}
	var err error
	s.Set, err = labels.Read(ctx, o.Labels, in.Vocab, labels.Options{ScratchDir: o.ScratchDir, Part: part})
	if err != nil {
		return nil, jobs.AsConfig(ctx, err)
	}
	s.train, s.validation = s.Part(labels.Train), s.Part(labels.Validation)
	if s.train.Len() < 2 {
		defer s.Close()
		return nil, fmt.Errorf("%w: labels %s: %d images to train on, want at least 2 (%s)", jobs.ErrConfig, storage.Redact(o.Labels), s.train.Len(), s.why())
	}
	return s, nil
}

func (s *set) drop(uri string) {
	s.dropped++
	if len(s.named) < maxNamed {
		s.named = append(s.named, storage.Redact(uri))
	}
}

// why tells where the rows went.
func (s *set) why() string {
	c := s.Counts()
	text := fmt.Sprintf("of %d rows %d have no seen tag", c.Rows, s.dropped)
	if c.Unknown.Tags > 0 {
		text += fmt.Sprintf("; the vocabulary lacks %d of the tags, as %q", c.Unknown.Tags, c.Unknown.Most[0].Tag)
	}
	return text
}
