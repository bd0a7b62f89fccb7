package listing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// ErrNothing: no object is one for the manifest.
var ErrNothing = errors.New("no image was found")

// Options of a manifest. Source and Output are required.
type Options struct {
	Source  string    // URI of a folder, or a pattern (see pattern)
	Output  string    // URI; .parquet, .jsonl or .txt
	Exclude []string  // patterns of names below the folder to leave out
	All     bool      // take objects of any name, hidden ones too
	Since   time.Time // leave out what was last written before; zero: nothing
	Sample  int64     // take so many objects, at random; 0: all
	Seed    uint64    // of the sample
	Program string    // name and version, for the file
}

// Listed tells what became of a listing. With ErrNothing it counts what was
// passed over.
type Listed struct {
	Output  string  `json:"output"`
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`   // of the objects together
	Matched int64   `json:"matched"` // what the sample was taken from
	Passed  Passed  `json:"passed_over"`
	Seconds float64 `json:"seconds"`
}

// Progress comes about twice a second.
type Progress struct {
	Objects int64 // listed
	Matched int64 // of them for the manifest
}

// Event implements the interface.
func (Progress) Event() {}

// Run lists the source and writes the manifest, whole or not at all. handle
// receives Progress; it may be nil. Errors wrap ErrNothing, jobs.ErrConfig or
// storage's.
func Run(ctx context.Context, o Options, handle engine.Handler) (*Listed, error) {
	began := time.Now()
	l, err := o.listing(handle)
	if err != nil {
		return nil, err
	}
	out, err := writerFor(o.Output, o.Program)
	if err != nil {
		return nil, err
	}
	err = jobs.WriteObject(ctx, o.Output, func(w io.Writer) error {
		if l.out, err = out(w); err != nil {
			return err
		}
		return errors.Join(l.run(ctx), l.out.Close())
	})
	found := &Listed{
		Output: storage.Redact(o.Output), Rows: l.rows, Bytes: l.bytes, Matched: l.matched, Passed: l.filter.passed,
		Seconds: time.Since(began).Seconds(),
	}
	return found, jobs.CauseOf(ctx, err)
}

// listing is one run at work.
type listing struct {
	source *source
	filter filter
	sample *reservoir // nil: every row is written
	out    writer
	send   engine.Handler

	listed, matched int64
	rows, bytes     int64 // written
	told            time.Time
}

func (o Options) listing(handle engine.Handler) (*listing, error) {
	if o.Sample < 0 {
		return nil, fmt.Errorf("%w: a sample of %d", jobs.ErrConfig, o.Sample)
	}
	s, err := parseSource(o.Source)
	if err != nil {
		return nil, err
	}
	l := &listing{source: s, send: engine.Serial(handle), told: time.Now()}
	l.filter = filter{match: s.match, all: o.All, since: o.Since, passed: Passed{Kinds: map[string]int64{}}}
	for _, glob := range o.Exclude {
		p, err := configured(glob)
		if err != nil {
			return nil, err
		}
		l.filter.exclude = append(l.filter.exclude, p)
	}
	if o.Sample > 0 {
		l.sample = newReservoir(o.Sample, o.Seed)
	}
	return l, nil
}

func (l *listing) run(ctx context.Context) error {
	bucket, err := storage.Open(ctx, l.source.root)
	if err != nil {
		return err
	}
	defer bucket.Close()
	for object, err := range bucket.List(ctx, l.source.prefix()) {
		if err != nil {
			return err
		}
		if err := l.object(object); err != nil {
			return err
		}
	}
	return l.finish()
}

// object takes the next object of the listing.
func (l *listing) object(o storage.Object) error {
	l.listed++
	if now := time.Now(); now.Sub(l.told) > time.Second/2 {
		l.told = now
		l.send(Progress{Objects: l.listed, Matched: l.matched})
	}
	if !l.filter.takes(strings.TrimPrefix(o.Key, l.source.folder), o.Attrs) {
		return nil
	}
	l.matched++
	row := columnar.ManifestRow{URI: l.source.base + o.Key, Size: o.Size, Version: o.Version, Modified: o.ModTime}
	if l.sample != nil {
		l.sample.show(row)
		return nil
	}
	return l.write(row)
}

func (l *listing) write(row columnar.ManifestRow) error {
	l.rows++
	l.bytes += row.Size
	return l.out.Append(row)
}

// finish writes the sample.
func (l *listing) finish() error {
	if l.matched == 0 {
		return fmt.Errorf("%w: %d objects were listed below %s", ErrNothing, l.listed, storage.Redact(l.source.base+l.source.folder))
	}
	if l.sample == nil {
		return nil
	}
	for _, n := range l.sample.sorted() {
		if err := l.write(n.row); err != nil {
			return err
		}
	}
	return nil
}
