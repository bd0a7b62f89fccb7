package reread_test

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

const (
	firstRow  = 1000
	rows      = 40
	matrixK   = 3
	dim       = 8
	topK      = 4
	seenTags  = 7
	vocabTags = 12
	firstOK   = firstRow + 1 // row 1000 is rejected
)

// part is one shard's tables, to be damaged and then written.
type part struct {
	images     []columnar.Image
	tags       []columnar.TagRow
	embeddings []columnar.Embedding
	vocab      []columnar.VocabRow
	request    reread.Request
	groupRows  int // rows a row group; 0: one group holds all
	format     columnar.Format
}

// everyFormat runs a test for each file format.
func everyFormat(t *testing.T, test func(t *testing.T, format columnar.Format)) {
	for _, format := range columnar.Formats {
		t.Run(string(format), func(t *testing.T) { test(t, format) })
	}
}

func newPartAs(format columnar.Format) *part {
	p := newPart()
	p.format = format
	return p
}

func newPart() *part {
	p := &part{request: reread.Request{
		FirstRow: firstRow, Rows: rows, TopK: topK, Reduction: reread.ReduceMax, Carried: []string{"owner", "Größe.cm"}, ModelID: "m", VocabID: "v",
	}}
	random := rand.New(rand.NewPCG(1, 2))
	for id := range vocabTags {
		p.vocab = append(p.vocab, columnar.VocabRow{TagID: int32(id), Tag: fmt.Sprintf("tag %c", 'z'-id), Seen: id < seenTags, Vector: normal(random, dim)})
	}
	p.vocab[3].Vector = p.vocab[1].Vector // two tags whose scores are equal
	for row := int64(firstRow); row < firstRow+rows; row++ {
		p.images = append(p.images, columnar.Image{
			Row: row, URI: fmt.Sprintf("file:///photo %d.jpg", row), Status: columnar.StatusRejected, Stage: "decode", Code: "truncated",
			Message: "unexpected end", Attempts: 1, ModelID: "m", VocabID: "v", ProcessedAt: time.Unix(1, 0), Carried: []string{"ann", "3"},
		})
		if (row-firstRow)%7 != 0 {
			p.embeddings = append(p.embeddings, columnar.Embedding{Row: row, URI: fmt.Sprintf("file:///photo %d.jpg", row), Rows: matrixK, Dim: dim, Matrix: normal(random, matrixK*dim)})
		}
	}
	p.label(maxProduct)
	return p
}

func normal(random *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}

// label fills in what follows from the embeddings, in single precision.
func (p *part) label(score func(e columnar.Embedding, v []float32) float32) {
	p.tags = nil
	for _, e := range p.embeddings {
		m := &p.images[e.Row-firstRow]
		m.Status, m.Stage, m.Code, m.Message, m.SHA256, m.Format = columnar.StatusOK, "", "", "", strings.Repeat("0a", 32), "png"
		m.Bytes, m.Width, m.Height = 100, 30, 20
		m.Seen, m.Unseen, m.RowSpread = p.best(e, true, score), p.best(e, false, score), spread(e)
	}
	p.flatten()
}

func (p *part) best(e columnar.Embedding, seen bool, score func(columnar.Embedding, []float32) float32) []columnar.RankedTag {
	var all []columnar.RankedTag
	for _, v := range p.vocab {
		if v.Seen == seen {
			all = append(all, columnar.RankedTag{Tag: v.Tag, TagID: v.TagID, Score: score(e, v.Vector)})
		}
	}
	slices.SortStableFunc(all, func(a, b columnar.RankedTag) int { return cmp.Compare(b.Score, a.Score) })
	all = all[:min(topK, len(all))]
	for i := range all {
		all[i].Rank = int32(i + 1)
	}
	return all
}

// flatten makes the tags table of the images table.
func (p *part) flatten() {
	p.tags = nil
	for _, m := range p.images {
		for _, group := range [][]columnar.RankedTag{m.Seen, m.Unseen} {
			for _, t := range group {
				p.tags = append(p.tags, columnar.TagRow{Tag: t.Tag, TagID: t.TagID, Seen: t.TagID < seenTags, Score: t.Score, Rank: t.Rank, Row: m.Row, URI: m.URI})
			}
		}
	}
	slices.SortStableFunc(p.tags, func(a, b columnar.TagRow) int {
		return cmp.Or(cmp.Compare(a.Tag, b.Tag), cmp.Compare(b.Score, a.Score))
	})
}

func (p *part) image(row int64) *columnar.Image { return &p.images[row-firstRow] }

func products(e columnar.Embedding, v []float32) []float32 {
	out := make([]float32, e.Rows)
	for k := range out {
		for d, x := range v {
			out[k] += e.Matrix[k*e.Dim+d] * x
		}
	}
	return out
}

func maxProduct(e columnar.Embedding, v []float32) float32 { return slices.Max(products(e, v)) }

func spread(e columnar.Embedding) float32 {
	var total float64
	for d := range e.Dim {
		var sum, squares float64
		for k := range e.Rows {
			x := float64(e.Matrix[k*e.Dim+d])
			sum, squares = sum+x, squares+x*x
		}
		n := float64(e.Rows)
		if e.Rows > 1 {
			total += (squares - sum*sum/n) / (n - 1)
		}
	}
	return float32(math.Abs(total))
}

// write writes the part's files and returns the request about them.
func (p *part) write(t testing.TB) reread.Request {
	t.Helper()
	folder, r := t.TempDir(), p.request
	options := columnar.Options{Format: p.format, RowGroupRows: p.groupRows, Carried: r.Carried}
	create := func(name string, each func(w io.Writer) (interface{ Close() error }, error)) string {
		path := filepath.Join(folder, name)
		file, err := os.Create(path)
		ok(t, err)
		table, err := each(file)
		ok(t, err)
		ok(t, table.Close())
		ok(t, file.Close())
		return path
	}
	r.Images = create("images", func(w io.Writer) (interface{ Close() error }, error) {
		table, err := columnar.NewImageWriter(w, options)
		return table, appendAll(err, p.images, func(m columnar.Image) error { return table.Append(m) })
	})
	options.Carried = nil
	r.Tags = create("tags", func(w io.Writer) (interface{ Close() error }, error) {
		table, err := columnar.NewTagWriter(w, options)
		return table, appendAll(err, p.tags, func(m columnar.TagRow) error { return table.Append(m) })
	})
	r.Embeddings = create("embeddings", func(w io.Writer) (interface{ Close() error }, error) {
		k, d := matrixK, dim
		if len(p.embeddings) > 0 {
			k, d = p.embeddings[0].Rows, p.embeddings[0].Dim
		}
		table, err := columnar.NewEmbeddingWriter(w, k, d, options)
		return table, appendAll(err, p.embeddings, func(e columnar.Embedding) error { return table.Append(e.Row, e.URI, e.Matrix) })
	})
	if p.vocab != nil {
		r.Vocab = create("vocab", func(w io.Writer) (interface{ Close() error }, error) {
			table, err := columnar.NewVocabWriter(w, options)
			return table, appendAll(err, p.vocab, func(v columnar.VocabRow) error { return table.Append(v) })
		})
	}
	return r
}

func appendAll[T any](err error, rows []T, add func(T) error) error {
	for i := 0; i < len(rows) && err == nil; i++ {
		err = add(rows[i])
	}
	return err
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
