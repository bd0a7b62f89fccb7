package promote

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lake is a folder of labelled scenes and three bundles, from worst to best by
// lakeMetric.
type lake struct {
	uri     func(name string) string
	bucket  *storage.Bucket
	models  []string // names of the bundles' folders
	compute engine.Compute
}

const (
	pictures   = 16
	lakeMetric = "gzsl.map"
)

// drawn are the pictures, as PNG, with their tags.
var drawn = sync.OnceValue(func() (all []drawing) {
	for i := range pictures {
		picture, tags := scenes.Draw(11, i)
		var file bytes.Buffer
		if err := png.Encode(&file, picture); err != nil {
			panic(err)
		}
		all = append(all, drawing{file.Bytes(), tags})
	}
	return all
})

type drawing struct {
	file []byte
	tags []string
}

// newLake fills the folder at uri, which may have options.
func newLake(t *testing.T, uri string) *lake {
	t.Helper()
	folder, query, found := strings.Cut(uri, "?")
	if found {
		query = "?" + query
	}
	l := &lake{compute: engine.Compute{Library: orttest.Load(t).Path, Device: "cpu", Threads: 1}}
	l.uri = func(name string) string { return folder + "/" + name + query }
	var err error
	l.bucket, err = storage.Open(t.Context(), uri)
	ok(t, err)
	t.Cleanup(func() { l.bucket.Close() })
	var rows []columnar.Label
	for i, d := range drawn() {
		l.put(t, fmt.Sprintf("%02d.png", i), d.file)
		rows = append(rows, columnar.Label{URI: fmt.Sprintf("%02d.png", i), Positives: d.tags, Split: []string{"test", "train"}[i%2]})
	}
	l.label(t, rows)
	for i, b := range ranked(t, l) {
		name := fmt.Sprintf("model-%d", i)
		_, err := model.WriteBundle(t.Context(), l.uri(name), b, model.WriteOptions{})
		ok(t, err)
		l.models = append(l.models, name)
	}
	return l
}

func seeded(t *testing.T, seed int64) *model.Bundle {
	t.Helper()
	b, err := model.NewTResNet(scenes.Architecture, model.BuildOptions{Seed: seed, Vocabulary: scenes.Vocabulary(), Program: "test"})
	ok(t, err)
	return b
}

// ranked are three bundles by their figures, which are the same in every lake.
func ranked(t *testing.T, l *lake) []*model.Bundle {
	t.Helper()
	once := &rankedOnce
	once.Do(func() {
		figures := map[*model.Bundle]float64{}
		for seed := range int64(3) {
			b, uri := seeded(t, seed), t.TempDir()
			_, err := model.WriteBundle(t.Context(), uri, b, model.WriteOptions{})
			ok(t, err)
			figures[b] = l.figure(t, uri, lakeMetric)
			once.bundles = append(once.bundles, b)
		}
		slices.SortFunc(once.bundles, func(a, b *model.Bundle) int { return cmp.Compare(figures[a], figures[b]) })
	})
	return once.bundles
}

var rankedOnce struct {
	sync.Once
	bundles []*model.Bundle
}

// figure is what eval measures.
func (l *lake) figure(t *testing.T, uri, metric string) float64 {
	t.Helper()
	e, err := evaluate.Run(t.Context(), evaluate.Options{
		Labels: l.uri("labels.parquet"), Sources: engine.Sources{Model: uri}, Split: "test", Compute: l.compute, MaxRejectRate: 1,
	}, nil)
	ok(t, err)
	x, err := e.Metric(metric)
	ok(t, err)
	return x
}

func (l *lake) put(t *testing.T, name string, data []byte) {
	t.Helper()
	w, err := l.bucket.NewWriter(t.Context(), name)
	ok(t, err)
	_, err = w.Write(data)
	ok(t, errors.Join(err, w.Close()))
}

func (l *lake) label(t *testing.T, rows []columnar.Label) {
	t.Helper()
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	l.put(t, "labels.parquet", file.Bytes())
}

// options promote a bundle of the lake if it meets what is required.
func (l *lake) options(t *testing.T, candidate string, require ...string) Options {
	t.Helper()
	o := Options{
		Candidate: l.uri(candidate), Current: l.uri("models/current"), Labels: l.uri("labels.parquet"), Split: "test", Compute: l.compute, Program: "test",
	}
	var err error
	o.Require, err = ParseRequirements(require)
	ok(t, err)
	return o
}

// promoted promotes a bundle, whatever its figures.
func (l *lake) promoted(t *testing.T, candidate string) {
	t.Helper()
	p, err := Run(t.Context(), l.options(t, candidate, "gzsl.map >= 0"), nil)
	ok(t, err)
	if !p.Promoted && !p.AlreadyCurrent {
		t.Fatalf("%+v", p)
	}
}

// keys are the objects in the pointer's folder.
func (l *lake) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for o, err := range l.bucket.List(t.Context(), "models/") {
		ok(t, err)
		keys = append(keys, o.Key)
	}
	return keys
}

// pointer is the text of the pointer.
func (l *lake) pointer(t *testing.T) string {
	t.Helper()
	text, _, err := l.bucket.ReadAll(t.Context(), "models/current", -1)
	ok(t, err)
	return string(text)
}

// local is a lake on the disk.
func local(t *testing.T) *lake { return newLake(t, t.TempDir()) }

// everyStore runs a test on a lake on files, in memory and on S3.
func everyStore(t *testing.T, test func(t *testing.T, l *lake)) {
	t.Run("files", func(t *testing.T) { test(t, local(t)) })
	t.Run("memory", func(t *testing.T) { test(t, newLake(t, fmt.Sprintf("mem://promote-%d", rand.Int64()))) })
	t.Run("s3", func(t *testing.T) { test(t, newLake(t, storagetest.S3(t))) })
}
