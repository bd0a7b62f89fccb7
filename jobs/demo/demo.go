// Package demo shows the main job on scenes that it draws itself, so that the
// truth is known.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Options of a demonstration.
type Options struct {
	Folder string // where scenes and dataset are put; made when missing
	Scenes int    // how many
	Seed   int64
	engine.Compute
	Program string
}

// Result is what was drawn and what was found.
type Result struct {
	Summary label.Summary
	Images  []Image
	Folder  string // of the scenes
	Page    string // path of a page that shows them
}

// Image is one scene with its true tags and those that the model ranked.
type Image struct {
	File         string
	Truth        []string
	Seen, Unseen []columnar.RankedTag
}

// IsUnseen tells whether a tag of the scenes was kept out of training.
func (i Image) IsUnseen(tag string) bool { return unseen[tag] }

var unseen = func() map[string]bool {
	out := map[string]bool{}
	for _, t := range scenes.Tags() {
		out[t.Name] = !t.Seen
	}
	return out
}()

// Run draws scenes, labels them with the embedded model and reads the tables
// back.
func Run(ctx context.Context, o Options, handle label.Handler) (Result, error) {
	truth, manifest, err := draw(ctx, o)
	if err != nil {
		return Result{}, err
	}
	out := filepath.Join(o.Folder, "dataset")
	summary, err := label.Run(ctx, label.Options{
		Manifest: manifest, Output: out, TopK: 4, MaxRejectRate: 0, Compute: o.Compute, Program: o.Program,
	}, handle)
	if err != nil {
		return Result{}, err
	}
	images, err := readBack(ctx, out, summary.RunID)
	if err != nil {
		return Result{}, err
	}
	for i := range images {
		images[i].Truth = truth[images[i].File]
	}
	r := Result{Summary: summary, Images: images, Folder: filepath.Join(o.Folder, scenesOf(o.Seed)), Page: filepath.Join(o.Folder, "demo.html")}
	return r, jobs.WriteObject(ctx, r.Page, r.WritePage)
}

// scenesOf is the folder of a seed's scenes: another seed is another manifest, and
// so another run.
func scenesOf(seed int64) string { return fmt.Sprintf("scenes-%d", seed) }

// draw writes the scenes and their manifest, and returns each file's true tags.
func draw(ctx context.Context, o Options) (truth map[string][]string, manifest string, err error) {
	folder := filepath.Join(o.Folder, scenesOf(o.Seed))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, "", err
	}
	truth = map[string][]string{}
	var list strings.Builder
	for i := range o.Scenes {
		picture, tags := scenes.Draw(o.Seed, i)
		name := fmt.Sprintf("scene-%03d.png", i)
		if err := scenes.WritePicture(filepath.Join(folder, name), picture); err != nil {
			return nil, "", err
		}
		truth[name] = tags
		fmt.Fprintln(&list, scenesOf(o.Seed)+"/"+name)
	}
	manifest = filepath.Join(o.Folder, "images.txt")
	return truth, manifest, jobs.WriteObject(ctx, manifest, func(w io.Writer) error {
		_, err := io.WriteString(w, list.String())
		return err
	})
}

// readBack reads the images table of a run, in manifest order.
func readBack(ctx context.Context, uri, run string) ([]Image, error) {
	bucket, err := storage.Open(ctx, uri)
	if err != nil {
		return nil, err
	}
	defer bucket.Close()
	commit, err := dataset.ReadCommit(ctx, bucket, run)
	if err != nil {
		return nil, err
	}
	var rows []columnar.Image
	for _, f := range commit.Files {
		if f.Table != dataset.Images {
			continue
		}
		part, err := readPart(ctx, bucket, f.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
		rows = append(rows, part...)
	}
	slices.SortFunc(rows, func(a, b columnar.Image) int { return int(a.Row - b.Row) })
	images := make([]Image, len(rows))
	for i, r := range rows {
		images[i] = Image{File: filepath.Base(r.URI), Seen: r.Seen, Unseen: r.Unseen}
	}
	return images, nil
}

func readPart(ctx context.Context, bucket *storage.Bucket, key string) ([]columnar.Image, error) {
	r, err := bucket.OpenAt(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, err := columnar.Open(r, r.Size())
	if err != nil {
		return nil, err
	}
	var rows []columnar.Image
	err = f.Images(ctx, nil, func(row columnar.Image) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}
