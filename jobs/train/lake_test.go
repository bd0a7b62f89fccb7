package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// childEnv holds the options of a training that the test binary is to do, as
// JSON.
const childEnv = "SDL_TRAIN_TEST_CHILD"

// bytesEnv holds how large its files may become.
const bytesEnv = "SDL_TRAIN_TEST_FILE_BYTES"

func TestMain(m *testing.M) {
	if options := os.Getenv(childEnv); options != "" {
		os.Exit(runChild(options))
	}
	var err error
	if shared, err = os.MkdirTemp("", "sdl-train-*"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(shared)
		os.Exit(status)
	}))
}

// shared is a folder for what several tests read.
var shared string

// bundle is a trained bundle, in a folder of its own, that trainings begin from.
func bundle(t *testing.T) string {
	t.Helper()
	made.Do(func() {
		l := local(t)
		l.options.Recipe.Epochs, l.options.Output = 1, filepath.Join(shared, "bundle")
		mustTrain(t, l.options)
	})
	to := filepath.Join(t.TempDir(), "bundle")
	ok(t, os.CopyFS(to, os.DirFS(filepath.Join(shared, "bundle"))))
	return to
}

var made sync.Once

func runChild(options string) int {
	if text := os.Getenv(bytesEnv); text != "" {
		var limit syscall.Rlimit
		_, err := fmt.Sscan(text, &limit.Cur)
		limit.Max = limit.Cur
		if err := errors.Join(err, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	var o train.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if _, err := train.Run(context.Background(), o, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// lake is a folder with labelled images and a vocabulary, and room for bundles.
type lake struct {
	in, out *storage.Bucket // the folder, and that of options.Output
	rows    []columnar.Label
	options train.Options // a training of a new net: 3 epochs of 6 steps
}

const imageCount = 60

// newLake puts images, their labels and a vocabulary into the folder in. Both
// are folder URIs.
func newLake(t *testing.T, in, out string) *lake {
	t.Helper()
	library := orttest.Load(t)
	l := &lake{in: open(t, in), out: open(t, out)}
	for i := range imageCount {
		name := fmt.Sprintf("pictures/%02d.png", i)
		put(t, l.in, name, pictures()[i])
		l.rows = append(l.rows, columnar.Label{URI: name, Positives: tagsOf(i), Split: "train"})
		if i%5 == 4 {
			l.rows[i].Split = "val"
		}
	}
	l.label(t)
	var file bytes.Buffer
	ok(t, vocabulary().Encode(&file))
	put(t, l.in, "vocab.parquet", file.Bytes())
	recipe, err := train.Preset("scratch")
	ok(t, err)
	recipe.Epochs, recipe.Batch, recipe.Rate = 3, 8, 1e-2
	l.options = train.Options{
		Labels: within(in, "labels.parquet"), Vocab: within(in, "vocab.parquet"), Init: "new:1,1,1,1x0.125", Output: out, Tune: "all",
		Rows: 2, Size: 32, Recipe: recipe, MaxRejectRate: 0.1, Program: "test",
		Compute: engine.Compute{Library: library.Path, Device: "cpu", Threads: 1},
	}
	return l
}

// local is a lake on the disk.
func local(t *testing.T) *lake {
	return newLake(t, t.TempDir(), filepath.Join(t.TempDir(), "out"))
}

// within is the URI of a key in a folder.
func within(folder, key string) string {
	path, query, _ := strings.Cut(folder, "?")
	if query != "" {
		query = "?" + query
	}
	return path + "/" + key + query
}

// label writes the labels as they are now.
func (l *lake) label(t *testing.T) {
	t.Helper()
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ok(t, err)
	for _, r := range l.rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	put(t, l.in, "labels.parquet", file.Bytes())
}

// into is the lake's training with another output.
func (l *lake) into(t *testing.T) train.Options {
	o := l.options
	o.Output = filepath.Join(t.TempDir(), "out")
	return o
}

// events are what a training told.
type events []engine.Event

func (e *events) handle(event engine.Event) { *e = append(*e, event) }

// of returns the events of one type.
func of[E engine.Event](all events) (out []E) {
	for _, event := range all {
		if is, isOne := event.(E); isOne {
			out = append(out, is)
		}
	}
	return out
}

func run(t *testing.T, o train.Options) (train.Summary, events, error) {
	t.Helper()
	var e events
	s, err := train.Run(t.Context(), o, e.handle)
	return s, e, err
}

// mustTrain is run without an error.
func mustTrain(t *testing.T, o train.Options) (train.Summary, events) {
	t.Helper()
	s, e, err := run(t, o)
	ok(t, err)
	return s, e
}

// trained is what must be the same, to the byte, however a training went.
type trained struct {
	ID      string
	Weights []byte
}

// read reads a bundle and checks that nothing but the bundle and the training's
// records is left.
func read(t *testing.T, output string) trained {
	t.Helper()
	b, err := model.OpenBundle(t.Context(), output)
	ok(t, err)
	ok(t, b.Verify(t.Context()))
	if b.Description.Lineage.Labels == "" || !b.Description.Lineage.Trained {
		t.Errorf("lineage %+v", b.Description.Lineage)
	}
	bucket := open(t, output)
	var found []string
	for o, err := range bucket.List(t.Context(), "") {
		ok(t, err)
		found = append(found, o.Key)
	}
	want := []string{
		"_training/history.jsonl", "_training/metrics.parquet", "_training/plan.json", "_training/training.html",
		"embed.onnx", "model.json", "weights.safetensors",
	}
	if !slices.Equal(found, want) {
		t.Errorf("the output holds %q", found)
	}
	weights, _, err := bucket.ReadAll(t.Context(), "weights.safetensors", 1<<24)
	ok(t, err)
	return trained{b.ID(), weights}
}

func same(t *testing.T, got, want trained) {
	t.Helper()
	if got.ID != want.ID || !bytes.Equal(got.Weights, want.Weights) {
		t.Errorf("bundle %s differs from %s", got.ID, want.ID)
	}
}

// page is the training's page.
func page(t *testing.T, output string) string {
	t.Helper()
	text, _, err := open(t, output).ReadAll(t.Context(), "_training/training.html", 1<<24)
	ok(t, err)
	return string(text)
}

func open(t testing.TB, uri string) *storage.Bucket {
	t.Helper()
	b, err := storage.Open(t.Context(), uri)
	ok(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func put(t testing.TB, b *storage.Bucket, key string, data []byte) {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key)
	ok(t, err)
	_, err = w.Write(data)
	ok(t, errors.Join(err, w.Close()))
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
