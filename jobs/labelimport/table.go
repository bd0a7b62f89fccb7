package labelimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// row is what a set says of an image, by the set's own names. Negatives count
// where the set does not say which tags it judges in every image.
type row struct {
	name      string
	positives []string
	negatives []string
	split     string
}

// table writes labelled images.
type table struct {
	ctx   context.Context
	join  *join
	named func(name string) string
	out   *columnar.LabelWriter
	send  engine.Handler
	began time.Time
	told  time.Time
	done  Imported

	positives, negatives, listed []string // room for a row
}

// set is one of the known sets, open.
type set interface {
	// judges returns the tags that the set judges in every image; nil where it
	// does not say.
	judges() []string
	// rows adds every image to a table.
	rows(*table) error
}

// write makes the labelled Parquet of a set, whole or not at all.
func (t *table) write(ctx context.Context, o Options, s set) (*Imported, error) {
	if known := s.judges(); known != nil {
		t.join.judges(known)
	}
	t.done.Partial = t.join.partial()
	err := jobs.WriteObject(ctx, o.Output, func(w io.Writer) error {
		out, err := columnar.NewLabelWriter(w, columnar.Options{Metadata: map[string]string{"sdl.program": o.Program}})
		if err != nil {
			return err
		}
		t.out = out
		if err := s.rows(t); err != nil {
			return err
		}
		return errors.Join(t.whole(), out.Close())
	})
	if err != nil {
		return nil, err
	}
	t.join.missing()
	t.done.Unjoined, t.done.Tags = t.join.unjoined.result(), len(t.join.met)
	t.done.Output, t.done.Seconds = storage.Redact(o.Output), time.Since(t.began).Seconds()
	return &t.done, o.writeUnjoined(ctx, t.join.unjoined)
}

// whole tells why a set is of no use.
func (t *table) whole() error {
	switch {
	case t.done.Images == 0:
		return fmt.Errorf("%w: the set has no images", jobs.ErrConfig)
	case t.join.vocab != nil && len(t.join.met) == 0:
		return fmt.Errorf("%w: the set has none of the vocabulary's tags: it has %s, the vocabulary %s", ErrNoTags,
			some(t.join.unjoined.sorted(UnknownTag)), some(countsOf(t.join.vocab.Tags)))
	}
	return nil
}

func (o Options) writeUnjoined(ctx context.Context, u unjoined) error {
	if o.Unjoined == "" {
		return nil
	}
	if err := jobs.WriteObject(ctx, o.Unjoined, u.write); err != nil {
		return fmt.Errorf("unjoined names: %w", err)
	}
	return nil
}

func (o Options) table(ctx context.Context, handle engine.Handler) (*table, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	named, err := o.namer()
	if err != nil {
		return nil, err
	}
	var vocab *model.Vocabulary
	if o.Vocab != "" {
		if vocab, err = model.ReadVocabulary(ctx, o.Vocab); err != nil {
			return nil, jobs.AsConfig(ctx, err)
		}
	}
	return &table{
		ctx: ctx, join: newJoin(vocab, o.IgnoreCase), named: named, send: engine.Serial(handle), began: time.Now(), told: time.Now(),
		done: Imported{Splits: map[string]int64{}},
	}, nil
}

// errName is a name that no table can hold.
var errName = errors.New("this is no UTF-8")

// add writes the next image.
func (t *table) add(r row) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	t.tell(0)
	if !utf8.ValidString(r.name) {
		return fmt.Errorf("%w: image %q: %w", jobs.ErrConfig, r.name, errName)
	}
	l := columnar.Label{URI: t.named(r.name), Split: r.split, Partial: t.done.Partial}
	t.positives = t.join.find(r.positives, t.positives)
	l.Positives = t.positives
	if l.Partial {
		l.Negatives = t.negativesOf(r)
	}
	t.count(l)
	return t.out.Append(l)
}

// negativesOf returns the tags that are known not to be true.
func (t *table) negativesOf(r row) []string {
	if t.join.judged != nil {
		t.negatives = without(t.join.judged, t.positives, t.negatives)
		return t.negatives
	}
	t.listed = t.join.find(r.negatives, t.listed)
	t.negatives = without(t.listed, t.positives, t.negatives)
	t.done.Notes.Conflicts += int64(len(t.listed) - len(t.negatives))
	return t.negatives
}

func (t *table) count(l columnar.Label) {
	t.done.Images++
	t.done.Splits[l.Split]++
	t.done.Positives += int64(len(l.Positives))
	t.done.Negatives += int64(len(l.Negatives))
	if len(l.Positives) > 0 {
		t.done.Labelled++
	}
}

// tell sends how far the import is.
func (t *table) tell(labels int64) {
	if now := time.Now(); now.Sub(t.told) > time.Second/2 {
		t.told = now
		t.send(Progress{Images: t.done.Images, Labels: labels})
	}
}
