package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/verify"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// reseal makes the receipt and the commit say what the parts are, as a program
// with a fault would: digests have nothing to tell then.
func (s *spoiled) reseal() {
	s.t.Helper()
	var plan dataset.Plan
	var receipt dataset.Receipt
	var commit dataset.Commit
	for key, record := range map[string]any{dataset.PlanKey(smallRun): &plan, dataset.ReceiptKey(smallRun, 0): &receipt, dataset.CommitKey(smallRun): &commit} {
		ok(s.t, json.Unmarshal(s.read(key), record))
	}
	for i := range commit.Files {
		f := &commit.Files[i]
		data := s.read(f.Key)
		open, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		ok(s.t, err)
		sum := sha256.Sum256(data)
		f.Bytes, f.SHA256, f.Rows = int64(len(data)), hex.EncodeToString(sum[:]), open.Rows
		for j := range receipt.Files {
			if g := &receipt.Files[j]; g.Table == f.Table {
				g.Bytes, g.SHA256, g.Rows = f.Bytes, f.SHA256, f.Rows
			}
		}
	}
	commit.Seal = dataset.NewSeal(&commit, &plan, []*dataset.Receipt{&receipt})
	for key, record := range map[string]any{dataset.ReceiptKey(smallRun, 0): receipt, dataset.CommitKey(smallRun): commit} {
		text, err := json.MarshalIndent(record, "", " ")
		ok(s.t, err)
		s.write(key, append(text, '\n'))
	}
}

// table is one of the small run's parts, to be written anew.
func (s *spoiled) table(table, format string) (key string, f *columnar.File, o columnar.Options) {
	s.t.Helper()
	key = dataset.PartKey(table, smallRun, 0, format)
	data := s.read(key)
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ok(s.t, err)
	return key, f, columnar.Options{Format: columnar.Format(format), Metadata: f.Metadata}
}

// rewrite reads all rows of a table, changes them and writes them.
func rewrite[T any](read func(context.Context, func(T) error) error, change func([]T) []T, write func(T) error, end func() error) error {
	var rows []T
	err := read(context.Background(), func(r T) error { rows = append(rows, r); return nil })
	for _, r := range change(rows) {
		err = errors.Join(err, write(r))
	}
	return errors.Join(err, end())
}

func images(change func([]columnar.Image) []columnar.Image) func(s *spoiled, format string) {
	return func(s *spoiled, format string) {
		key, f, o := s.table(dataset.Images, format)
		var out bytes.Buffer
		w, err := columnar.NewImageWriter(&out, o)
		ok(s.t, err)
		ok(s.t, rewrite(func(ctx context.Context, each func(columnar.Image) error) error { return f.Images(ctx, nil, each) }, change, w.Append, w.Close))
		s.write(key, out.Bytes())
	}
}

func tags(change func([]columnar.TagRow) []columnar.TagRow) func(s *spoiled, format string) {
	return func(s *spoiled, format string) {
		key, f, o := s.table(dataset.Tags, format)
		var out bytes.Buffer
		w, err := columnar.NewTagWriter(&out, o)
		ok(s.t, err)
		ok(s.t, rewrite(f.Tags, change, w.Append, w.Close))
		s.write(key, out.Bytes())
	}
}

func embeddings(change func([]columnar.Embedding) []columnar.Embedding) func(s *spoiled, format string) {
	return func(s *spoiled, format string) {
		key, f, o := s.table(dataset.Embeddings, format)
		var out bytes.Buffer
		var w *columnar.EmbeddingWriter
		ok(s.t, rewrite(func(ctx context.Context, each func(columnar.Embedding) error) error {
			return f.Embeddings(ctx, func(e columnar.Embedding) error {
				e.Matrix = slices.Clone(e.Matrix)
				if w == nil {
					var err error
					if w, err = columnar.NewEmbeddingWriter(&out, e.Rows, e.Dim, o); err != nil {
						return err
					}
				}
				return each(e)
			})
		}, change, func(e columnar.Embedding) error { return w.Append(e.Row, e.URI, e.Matrix) }, func() error { return w.Close() }))
		s.write(key, out.Bytes())
	}
}

func vocab(change func([]columnar.VocabRow) []columnar.VocabRow) func(s *spoiled, format string) {
	return func(s *spoiled, format string) {
		key, f, o := s.table(dataset.Vocab, format)
		var out bytes.Buffer
		w, err := columnar.NewVocabWriter(&out, o)
		ok(s.t, err)
		ok(s.t, rewrite(func(ctx context.Context, each func(columnar.VocabRow) error) error {
			return f.Vocab(ctx, func(v columnar.VocabRow) error { v.Vector = slices.Clone(v.Vector); return each(v) })
		}, change, w.Append, w.Close))
		s.write(key, out.Bytes())
	}
}

// change returns a change of the first row.
func change[T any](do func(*T)) func([]T) []T {
	return func(rows []T) []T { do(&rows[0]); return rows }
}

func dropped[T any](rows []T) []T { return rows[1:] }
func doubled[T any](rows []T) []T { return append(rows, rows[len(rows)-1]) }
func reversed[T any](rows []T) []T {
	slices.Reverse(rows)
	return rows
}

func rejected(all []columnar.Image) *columnar.Image {
	return &all[slices.IndexFunc(all, func(i columnar.Image) bool { return i.Status == columnar.StatusRejected })]
}

// TestContentsTellWhatDigestsDoNot writes valid parts with wrong contents, and
// receipts and a commit that fit them.
func TestContentsTellWhatDigestsDoNot(t *testing.T) {
	receipt := dataset.ReceiptKey(smallRun, 0)
	everyFormat(t, func(t *testing.T, format string) {
		part := func(table string) string { return dataset.PartKey(table, smallRun, 0, format) }
		pristine := newSpoiled(t, format, smallRun)
		pristine.reseal()
		pristine.passes()
		for name, c := range map[string]struct {
			damage func(s *spoiled, format string)
			want   problem
		}{
			"image dropped":       {images(dropped), problem{part(dataset.Images), "rows"}},
			"image dropped, told": {images(dropped), problem{receipt, "readable"}},
			"image twice":         {images(doubled), problem{part(dataset.Images), "rows"}},
			"image of another":    {images(change(func(i *columnar.Image) { i.URI += "x" })), problem{part(dataset.Embeddings), "uri"}},
			"image's digest":      {images(change(func(i *columnar.Image) { i.SHA256 = i.SHA256[1:] })), problem{part(dataset.Images), "object"}},
			"image's model":       {images(change(func(i *columnar.Image) { i.ModelID = "x" })), problem{part(dataset.Images), "identity"}},
			"another code":        {images(func(all []columnar.Image) []columnar.Image { rejected(all).Code = "empty"; return all }), problem{receipt, "codes"}},
			"score":               {images(change(func(i *columnar.Image) { i.Seen[0].Score++ })), problem{part(dataset.Images), "recomputed"}},
			"spread":              {images(change(func(i *columnar.Image) { i.RowSpread += 3 })), problem{part(dataset.Images), "row_spread"}},
			"tag dropped":         {tags(dropped), problem{part(dataset.Tags), "rows"}},
			"tag twice":           {tags(doubled), problem{part(dataset.Tags), "rows"}},
			"tag's score":         {tags(change(func(r *columnar.TagRow) { r.Score++ })), problem{part(dataset.Tags), "rows"}},
			"tag's uri":           {tags(change(func(r *columnar.TagRow) { r.URI += "x" })), problem{part(dataset.Tags), "rows"}},
			"tags in disorder":    {tags(reversed), problem{part(dataset.Tags), "order"}},
			"tag's group":         {tags(change(func(r *columnar.TagRow) { r.Seen = !r.Seen })), problem{part(dataset.Tags), "vocabulary"}},
			"matrix dropped":      {embeddings(dropped), problem{part(dataset.Embeddings), "rows"}},
			"matrix twice":        {embeddings(doubled), problem{part(dataset.Embeddings), "rows"}},
			"matrix altered":      {embeddings(change(func(e *columnar.Embedding) { e.Matrix[0] += 10 })), problem{part(dataset.Images), "row_spread"}},
			"word renamed":        {vocab(change(func(v *columnar.VocabRow) { v.Tag += "x" })), problem{part(dataset.Vocab), "vocabulary"}},
			"word's vector":       {vocab(change(func(v *columnar.VocabRow) { v.Vector[0]++ })), problem{part(dataset.Vocab), "vocabulary"}},
			"word dropped":        {vocab(func(all []columnar.VocabRow) []columnar.VocabRow { return all[:len(all)-1] }), problem{part(dataset.Vocab), "vocabulary"}},
			"words in disorder":   {vocab(reversed), problem{part(dataset.Vocab), "order"}},
		} {
			t.Run(name, func(t *testing.T) {
				s := newSpoiled(t, format, smallRun)
				c.damage(s, format)
				s.reseal()
				r, err := verify.Run(t.Context(), s.o)
				if !errors.Is(err, jobs.ErrDamaged) {
					t.Fatalf("report %+v, error %v", r, err)
				}
				if !slices.ContainsFunc(r.Problems, func(p verify.Problem) bool { return p.File == c.want.file && p.Check == c.want.check }) {
					t.Errorf("no problem %v among %q", c.want, r.Problems)
				}
				if slices.ContainsFunc(r.Problems, func(p verify.Problem) bool { return p.Check == "digest" || p.Check == "size" }) {
					t.Errorf("not sealed: %q", r.Problems)
				}
			})
		}
	})
}
