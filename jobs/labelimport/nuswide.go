package labelimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/labels"
	"github.com/sdl-batch/sdl-batch/training/sources/nuswide"
)

// NUSWide imports the text files of NUS-WIDE. List is required, and Concepts or
// Tags; what they name is judged in every image. All fields are URIs.
type NUSWide struct {
	Options
	List     string // of images
	Concepts string // names of the concepts
	// Labels is a file for each concept: a pattern with a * for its name, or a
	// folder of files Labels_*.txt.
	Labels string
	Tags   string // names of the tags
	Matrix string // which image has which tag
	// TrainList and TestList name the images of each part; an image in neither is
	// left out. Those of TrainList get no split, so that a training holds a share
	// of them out. Without both lists every image gets Options.Split.
	TrainList, TestList string
}

// Run imports. handle receives Progress; it may be nil. Errors wrap
// jobs.ErrConfig, storage's or the context's cause.
func (o NUSWide) Run(ctx context.Context, handle engine.Handler) (*Imported, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t, err := o.table(ctx, handle)
	if err != nil {
		return nil, err
	}
	s := &nusSet{split: o.Split}
	defer s.close()
	if err := o.open(ctx, s); err != nil {
		return nil, outcome(ctx, err)
	}
	done, err := t.write(ctx, o.Options, s)
	return done, outcome(ctx, err)
}

func (o NUSWide) validate() error {
	var problem string
	switch {
	case o.List == "":
		problem = "no list of images given"
	case (o.Concepts == "") != (o.Labels == ""):
		problem = "the names of the concepts and their labels go together"
	case (o.Tags == "") != (o.Matrix == ""):
		problem = "the names of the tags and their matrix go together"
	case o.Concepts == "" && o.Tags == "":
		problem = "neither concepts nor tags given"
	case o.Split != "" && o.TrainList+o.TestList != "":
		problem = "lists of the parts and one split for all exclude each other"
	default:
		return o.Options.validate()
	}
	return fmt.Errorf("%w: %s", jobs.ErrConfig, problem)
}

// open opens the files of a set and reads the short ones.
func (o NUSWide) open(ctx context.Context, s *nusSet) error {
	var err error
	if s.files.Images, err = s.open(ctx, o.List); err != nil {
		return err
	}
	if o.Concepts != "" {
		if err := o.openConcepts(ctx, s); err != nil {
			return err
		}
	}
	if o.Tags != "" {
		if s.files.Tags, err = names(ctx, o.Tags); err != nil {
			return err
		}
		if s.files.Matrix, err = s.open(ctx, o.Matrix); err != nil {
			return err
		}
	}
	return o.readParts(ctx, s)
}

func (o NUSWide) openConcepts(ctx context.Context, s *nusSet) error {
	concepts, err := names(ctx, o.Concepts)
	if err != nil {
		return err
	}
	pattern := o.Labels
	if !strings.Contains(pattern, "*") {
		pattern = strings.TrimSuffix(pattern, "/") + "/Labels_*.txt"
	}
	for _, name := range concepts {
		file, err := s.open(ctx, strings.Replace(pattern, "*", name, 1))
		if err != nil {
			return fmt.Errorf("labels of concept %q: %w", name, err)
		}
		s.files.Concepts = append(s.files.Concepts, nuswide.Concept{Name: name, Labels: file})
	}
	return nil
}

// readParts reads the lists of the parts.
func (o NUSWide) readParts(ctx context.Context, s *nusSet) error {
	for _, list := range []struct{ uri, split string }{{o.TrainList, ""}, {o.TestList, labels.Test}} {
		if list.uri == "" {
			continue
		}
		if s.parts == nil {
			s.parts = map[string]*part{}
		}
		if err := s.readPart(ctx, list.uri, list.split); err != nil {
			return err
		}
	}
	return nil
}

// names reads a list of concepts or tags.
func names(ctx context.Context, uri string) ([]string, error) {
	in, err := open(ctx, uri)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	list, err := nuswide.Names(nuswide.File{Name: storage.Redact(uri), Reader: in})
	return list, err
}

// nusSet is the set with its files open.
type nusSet struct {
	files   nuswide.Set
	split   string           // of all images, where there are no lists
	parts   map[string]*part // by image; nil without lists
	closers []io.Closer
}

// part is what the lists say of an image.
type part struct {
	split string
	met   bool // the image list has it
}

func (s *nusSet) open(ctx context.Context, uri string) (nuswide.File, error) {
	in, err := open(ctx, uri)
	if err != nil {
		return nuswide.File{}, err
	}
	s.closers = append(s.closers, in)
	return nuswide.File{Name: storage.Redact(uri), Reader: in}, nil
}

func (s *nusSet) close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// readPart reads the list of a part.
func (s *nusSet) readPart(ctx context.Context, uri, split string) error {
	in, err := open(ctx, uri)
	if err != nil {
		return err
	}
	defer in.Close()
	return nuswide.Images(nuswide.File{Name: storage.Redact(uri), Reader: in}, func(name string) error {
		if p := s.parts[name]; p != nil && p.split != split {
			return fmt.Errorf("%w: image %s is in the list to train on and in the list to test on", jobs.ErrConfig, name)
		}
		s.parts[name] = &part{split: split}
		return nil
	})
}

func (s *nusSet) judges() []string { return s.files.Known() }

func (s *nusSet) rows(t *table) error {
	err := s.files.Read(func(name string, positives []string) error {
		split := s.split
		if s.parts != nil {
			p := s.parts[name]
			if p == nil {
				t.done.Notes.LeftOut++
				t.join.unjoined.add(NoSplit, name, 1)
				return nil
			}
			p.met, split = true, p.split
		}
		return t.add(row{name: name, positives: positives, split: split})
	})
	for name, p := range s.parts {
		if !p.met {
			t.join.unjoined.add(UnknownImage, name, 1)
		}
	}
	return err
}
