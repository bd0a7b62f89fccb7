package scenes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// Names of the files beside a set's pictures.
const (
	LabelsFile = "labels.parquet"
	VocabFile  = "vocab.parquet"
)

// folderScenes is how many pictures share a folder.
const folderScenes = 1000

// Options of a labelled set.
type Options struct {
	Seed                    int64
	Train, Validation, Test int // scenes in each part
	Size                    int // width and height of the pictures in pixels; 0 is Side
}

// Validate reports every mistake of the options at once.
func (o Options) Validate() error {
	var errs []error
	if o.Train < 0 || o.Validation < 0 || o.Test < 0 || o.scenes() == 0 {
		errs = append(errs, fmt.Errorf("%d training, %d validation and %d test scenes", o.Train, o.Validation, o.Test))
	}
	if o.Size < 0 || o.Size > Side {
		errs = append(errs, fmt.Errorf("pictures of %d pixels, want at most %d", o.Size, Side))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("scenes: %w", err)
	}
	return nil
}

func (o Options) scenes() int { return o.Train + o.Validation + o.Test }

// split is the part that scene i belongs to: first those of training, then of
// validation, then of the test.
func (o Options) split(i int) string {
	switch {
	case i < o.Train:
		return "train"
	case i < o.Train+o.Validation:
		return "val"
	}
	return "test"
}

// WriteSet draws the first scenes of the series that the seed names into a
// folder: pictures as PNG, their tags as LabelsFile with URIs relative to the
// folder, and the vocabulary as VocabFile. It makes the folder where there is
// none. The tables are written last: they stand for a whole set.
func WriteSet(ctx context.Context, folder string, o Options) error {
	if err := o.Validate(); err != nil {
		return err
	}
	rows, err := drawSet(ctx, folder, o)
	if err != nil {
		return fmt.Errorf("draw scenes: %w", err)
	}
	if err := writeLabels(ctx, folder, rows); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return model.WriteVocabulary(ctx, filepath.Join(folder, VocabFile), Vocabulary())
}

// drawSet writes the pictures, with as many workers as there are processors, and
// returns the rows of their labels.
func drawSet(ctx context.Context, folder string, o Options) ([]columnar.Label, error) {
	if err := makeFolders(folder, o.scenes()); err != nil {
		return nil, err
	}
	rows := make([]columnar.Label, o.scenes())
	workers := runtime.GOMAXPROCS(0)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		group.Go(func() error {
			shrink := newShrinker(o.Size)
			for i := w; i < len(rows); i += workers {
				if err := ctx.Err(); err != nil {
					return context.Cause(ctx)
				}
				picture, tags := Draw(o.Seed, i)
				rows[i] = columnar.Label{URI: nameOf(i), Positives: tags, Split: o.split(i)}
				if err := WritePicture(filepath.Join(folder, nameOf(i)), shrink(picture)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return rows, group.Wait()
}

func nameOf(i int) string {
	return fmt.Sprintf("%03d/scene-%06d.png", i/folderScenes, i)
}

func makeFolders(folder string, scenes int) error {
	for i := 0; i < scenes; i += folderScenes {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(nameOf(i))), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// writeLabels stores the table, whole or not at all.
func writeLabels(ctx context.Context, folder string, rows []columnar.Label) error {
	bucket, err := storage.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer bucket.Close()
	return bucket.WriteObject(ctx, LabelsFile, func(w io.Writer) error { return encodeLabels(w, rows) })
}

func encodeLabels(w io.Writer, rows []columnar.Label) error {
	table, err := columnar.NewLabelWriter(w, columnar.Options{})
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := table.Append(row); err != nil {
			return err
		}
	}
	return table.Close()
}
