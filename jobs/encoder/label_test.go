package encoder

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign/foreigntest"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

const pictures = 9

// TestRanksOfAnEncoder labels images with a CLIP-shaped and a patch-shaped encoder
// and recomputes every rank in plain loops: preprocessing by package decode, which
// Pillow's pixels hold, all else by foreigntest.
func TestRanksOfAnEncoder(t *testing.T) {
	vocabulary := randomVocabulary()
	topMean := &model.Reduction{Kind: model.ReduceTopKMean, K: 4}
	for _, c := range []struct {
		name        string
		export      foreigntest.Export
		o           Options
		first, rows int
		best        int // rows whose scores are averaged
	}{
		{"class token", foreigntest.Export{}, Options{Preset: "clip", OutputName: foreigntest.Class}, 0, 1, 1},
		{"patches", foreigntest.Export{}, Options{Preset: "clip", OutputName: foreigntest.Rows, Rows: OutputRows{Layout: "nkd", Skip: 1}, Scoring: Scoring{Reduction: topMean}}, 1, 16, 4},
		{"two images a run", foreigntest.Export{Batch: 2}, Options{Preset: "clip", OutputName: foreigntest.Class}, 0, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Vocabulary = vocabulary
			b, _, err := imports(t, c.export, c.o)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			drawPictures(t, folder)
			got := labelled(t, folder, b.Location(), vocabulary)
			for i := range pictures {
				rows := embedded(t, filepath.Join(folder, pictureName(i)))[c.first:][:c.rows]
				checkRanks(t, i, got[i], scores(rows, vocabulary, c.best), vocabulary)
			}
		})
	}
}

func randomVocabulary() *model.Vocabulary {
	random := rand.New(rand.NewPCG(5, 0))
	v := &model.Vocabulary{Dim: foreigntest.Dim, LabelSpace: "small"}
	for i := range 20 {
		v.Tags, v.Seen = append(v.Tags, fmt.Sprintf("tag%d", i)), append(v.Seen, i%3 > 0)
		for range v.Dim {
			v.Vectors = append(v.Vectors, float32(random.NormFloat64()))
		}
	}
	return v
}

func pictureName(i int) string { return fmt.Sprintf("%d.png", i) }

// drawPictures draws noise, wide and high.
func drawPictures(t *testing.T, folder string) {
	t.Helper()
	random := rand.New(rand.NewPCG(6, 0))
	for i := range pictures {
		p := image.NewNRGBA(image.Rect(0, 0, 20+5*i, 44-3*i))
		for at := range p.Pix {
			p.Pix[at] = uint8(random.Uint32())
			if at%4 == 3 {
				p.Pix[at] = 255 // opaque
			}
		}
		var file bytes.Buffer
		if err := png.Encode(&file, p); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, pictureName(i)), file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// labelled runs the main job and returns the tags of each picture.
func labelled(t *testing.T, folder, bundle string, v *model.Vocabulary) [][]columnar.TagRow {
	t.Helper()
	var manifest strings.Builder
	for i := range pictures {
		fmt.Fprintln(&manifest, pictureName(i))
	}
	list, vocab, out := filepath.Join(folder, "images.txt"), filepath.Join(folder, "vocab.parquet"), filepath.Join(folder, "out")
	if err := os.WriteFile(list, []byte(manifest.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := model.WriteVocabulary(t.Context(), vocab, v); err != nil {
		t.Fatal(err)
	}
	summary, err := label.Run(t.Context(), label.Options{
		Manifest: list, Output: out, RunID: "r", TopK: 5, Sources: engine.Sources{Model: bundle, Vocab: vocab},
		Compute: engine.Compute{Library: orttest.Load(t).Path, Device: "cpu", Threads: 1},
	}, nil)
	if err != nil || summary.OK != pictures {
		t.Fatalf("%+v %v", summary, err)
	}
	data, err := os.ReadFile(filepath.Join(out, "tags", "run=r", "part-000000.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([][]columnar.TagRow, pictures)
	if err := file.Tags(t.Context(), func(r columnar.TagRow) error {
		rows[r.Row] = append(rows[r.Row], r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

// embedded are the rows of one picture, of unit length.
func embedded(t *testing.T, path string) [][]float64 {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := decode.New(decode.Spec{Size: foreigntest.Size, ShortSide: foreigntest.Size, Filter: "bicubic", ApplyEXIF: true}, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, 3*foreigntest.Size*foreigntest.Size)
	if _, err := decoder.Decode(t.Context(), body, pixels); err != nil {
		t.Fatal(err)
	}
	rows := foreigntest.New(1).Embed(pixels, presets["clip"].mean, presets["clip"].std)
	for _, row := range rows {
		unit(row)
	}
	return rows
}

func unit(x []float64) {
	var squares float64
	for _, v := range x {
		squares += v * v
	}
	for i := range x {
		x[i] /= math.Sqrt(squares)
	}
}

// scores are those of every tag: 100 times the mean of the best cosines.
func scores(rows [][]float64, v *model.Vocabulary, best int) []float64 {
	out := make([]float64, v.Len())
	for id := range out {
		tag := make([]float64, v.Dim)
		for d, x := range v.Vector(id) {
			tag[d] = float64(x)
		}
		unit(tag)
		var products []float64
		for _, row := range rows {
			var sum float64
			for d := range row {
				sum += row[d] * tag[d]
			}
			products = append(products, sum)
		}
		slices.Sort(products)
		for _, p := range products[len(products)-best:] {
			out[id] += 100 * p / float64(best)
		}
	}
	return out
}

func checkRanks(t *testing.T, picture int, got []columnar.TagRow, want []float64, v *model.Vocabulary) {
	t.Helper()
	if len(got) != 10 {
		t.Fatalf("picture %d has %d tags, want 5 seen and 5 unseen", picture, len(got))
	}
	for _, r := range got {
		better := 0
		for id, s := range want {
			if v.Seen[id] == r.Seen && s > want[r.TagID] {
				better++
			}
		}
		if diff := math.Abs(float64(r.Score) - want[r.TagID]); diff > 2e-3 || int(r.Rank) != better+1 {
			t.Errorf("picture %d, %s: score %g and rank %d, want %g and %d", picture, r.Tag, r.Score, r.Rank, want[r.TagID], better+1)
		}
	}
}
