package labels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// maxParts bounds the parts of a set: each holds a file open.
const maxParts = 64

// builder makes a set of the rows of a file.
type builder struct {
	part    func(*Row) string
	ids     map[string]int32
	folder  string
	set     Set
	digest  digest
	unknown unknown
	next    int64 // number of the next row
	record  []byte
}

func newBuilder(vocab *model.Vocabulary, o Options) (*builder, error) {
	b := &builder{
		part: o.Part, ids: make(map[string]int32, vocab.Len()), folder: o.ScratchDir,
		set: Set{parts: map[string]*Part{}}, digest: newDigest(), unknown: unknown{byName: map[string]int64{}},
	}
	if b.part == nil {
		b.part = func(*Row) string { return All }
	}
	for id, tag := range vocab.Tags {
		b.ids[tag] = int32(id)
	}
	var err error
	b.set.rows, err = newScratch(b.folder)
	return b, err
}

// add takes the next row of the file.
func (b *builder) add(l columnar.Label) error {
	l.Positives, l.Negatives = unique(l.Positives), unique(l.Negatives)
	b.digest.add(l)
	row := Row{
		Number: b.next, URI: l.URI, Partial: l.Partial, Split: l.Split,
		Positives: b.find(l.Positives), Negatives: b.find(l.Negatives),
	}
	b.next++
	if l.URI == "" || !utf8.ValidString(l.URI) || strings.ContainsRune(l.URI, 0) {
		b.set.counts.Invalid++
		return nil
	}
	b.reconcile(&row)
	name := b.part(&row)
	if name == "" {
		b.set.counts.LeftOut++
		return nil
	}
	b.count(&row)
	return b.store(name, &row)
}

// find returns the ids of tags, ascending, and counts those that have none.
func (b *builder) find(tags []string) []int32 {
	var ids []int32
	for _, tag := range tags {
		if id, ok := b.ids[tag]; ok {
			ids = append(ids, id)
		} else {
			b.unknown.add(tag)
		}
	}
	slices.Sort(ids)
	return ids
}

// reconcile takes out of the negatives what is positive, too.
func (b *builder) reconcile(r *Row) {
	kept := slices.DeleteFunc(r.Negatives, func(id int32) bool {
		_, positive := slices.BinarySearch(r.Positives, id)
		return positive
	})
	b.set.counts.Conflicts += int64(len(r.Negatives) - len(kept))
	r.Negatives = kept
}

func (b *builder) count(r *Row) {
	if r.Partial {
		b.set.counts.Partial++
	}
	if len(r.Positives) == 0 {
		b.set.counts.NoPositives++
	}
}

func (b *builder) store(name string, r *Row) error {
	p := b.set.parts[name]
	if p == nil {
		if len(b.set.parts) == maxParts {
			return fmt.Errorf("the rows belong to more than %d parts, the last %q", maxParts, name)
		}
		index, err := newScratch(b.folder)
		if err != nil {
			return err
		}
		p = &Part{rows: b.set.rows, index: index}
		b.set.parts[name] = p
	}
	b.record = appendRow(b.record[:0], r)
	entry := encodeEntry(b.set.rows.len, len(b.record))
	if err := b.set.rows.append(b.record); err != nil {
		return err
	}
	p.len++
	return p.index.append(entry[:])
}

// finish returns the set.
func (b *builder) finish() (*Set, error) {
	errs := []error{b.set.rows.flush()}
	c := &b.set.counts
	c.Rows, c.Unknown, c.Parts = b.next, b.unknown.result(), map[string]int64{}
	for name, p := range b.set.parts {
		c.Parts[name] = p.len
		errs = append(errs, p.index.flush())
	}
	b.set.digest = b.digest.sum()
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return &b.set, nil
}

func (b *builder) close() error { return b.set.Close() }

// unique sorts tags, in place, and leaves each once.
func unique(tags []string) []string {
	slices.Sort(tags)
	return slices.Compact(tags)
}
