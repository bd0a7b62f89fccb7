package evaluate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lake is a folder of scenes with their labels and a manifest.
type lake struct {
	folder  string
	truth   map[string][]string // tags by URI
	compute engine.Compute
}

const pictures = 40

func newLake(t *testing.T) lake {
	t.Helper()
	l := lake{folder: t.TempDir(), truth: map[string][]string{}, compute: engine.Compute{Library: orttest.Load(t).Path, Device: "cpu", Threads: 1}}
	var manifest strings.Builder
	var rows []columnar.Label
	for i := range pictures {
		picture, tags := scenes.Draw(11, i)
		var file bytes.Buffer
		ok(t, png.Encode(&file, picture))
		uri := fmt.Sprintf("scene %02d.png", i)
		l.write(t, uri, file.Bytes())
		l.truth[uri] = tags
		rows = append(rows, columnar.Label{URI: uri, Positives: tags, Split: []string{"train", "val"}[i%2]})
		fmt.Fprintln(&manifest, uri)
	}
	l.write(t, "images.txt", []byte(manifest.String()))
	l.label(t, rows)
	return l
}

func (l lake) path(name string) string { return filepath.Join(l.folder, name) }

func (l lake) write(t *testing.T, name string, data []byte) {
	t.Helper()
	ok(t, os.WriteFile(l.path(name), data, 0o600))
}

func (l lake) label(t *testing.T, rows []columnar.Label) {
	t.Helper()
	var file bytes.Buffer
	w, err := columnar.NewLabelWriter(&file, columnar.Options{})
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	l.write(t, "labels.parquet", file.Bytes())
}

func (l lake) options() evaluate.Options {
	return evaluate.Options{Labels: l.path("labels.parquet"), Compute: l.compute, Ks: []int{1, 3, 10}, Program: "test"}
}

// TestPrecisionIsThatOfTheLabelledTags labels the same images with the main
// job, which ranks by another graph, and counts how many of its tags are true.
func TestPrecisionIsThatOfTheLabelledTags(t *testing.T) {
	l := newLake(t)
	var events []engine.Event
	e, err := evaluate.Run(t.Context(), l.options(), func(event engine.Event) { events = append(events, event) })
	ok(t, err)
	out := l.path("out")
	_, err = label.Run(t.Context(), label.Options{Manifest: l.path("images.txt"), Output: out, RunID: "r", Compute: l.compute}, nil)
	ok(t, err)
	data, err := os.ReadFile(filepath.Join(out, "images", "run=r", "part-000000.parquet"))
	ok(t, err)
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	hits := map[string]int{}
	ok(t, file.Images(t.Context(), nil, func(r columnar.Image) error {
		for task, ranked := range map[string][]columnar.RankedTag{"seen": r.Seen, "zsl": r.Unseen} {
			for _, tag := range ranked {
				for _, k := range []int32{1, 3, 10} {
					if tag.Rank <= k && slices.Contains(l.truth[r.URI], tag.Tag) {
						hits[fmt.Sprintf("%s.p@%d", task, k)]++
					}
				}
			}
		}
		return nil
	}))
	if len(hits) != 6 {
		t.Fatalf("hits %v", hits)
	}
	for metric, n := range hits {
		var k int
		_, err := fmt.Sscanf(metric[strings.Index(metric, "@"):], "@%d", &k)
		ok(t, err)
		got, err := e.Metric("keep." + metric)
		if want := 100 * float64(n) / float64(pictures*k); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v; %v", metric, got, want, err)
		}
	}
	checkEvents(t, events)
}

func checkEvents(t *testing.T, events []engine.Event) {
	t.Helper()
	if loaded, is := events[0].(engine.Loaded); !is || loaded.Device != "cpu" || loaded.Tags != scenes.Vocabulary().Len() {
		t.Errorf("first event %+v", events[0])
	}
	last, is := events[len(events)-1].(engine.Progress)
	if !is || last.Rows != pictures || last.Total != pictures || last.Rejected != 0 {
		t.Errorf("last event %+v", events[len(events)-1])
	}
}

func TestFilesHoldEveryTag(t *testing.T) {
	l := newLake(t)
	var rows []columnar.Label
	for i := range pictures { // every third image has tags, so that protocols differ
		row := columnar.Label{URI: fmt.Sprintf("scene %02d.png", i), Split: []string{"train", "val"}[i%2]}
		if i%3 == 0 {
			row.Positives = l.truth[row.URI][:1+i%5]
		}
		rows = append(rows, row)
	}
	l.label(t, rows)
	o := l.options()
	o.PerTag, o.Report, o.Split = l.path("deep/tags.parquet"), l.path("report.json"), "validation"
	e, err := evaluate.Run(t.Context(), o, nil)
	ok(t, err)
	if e.Rows != pictures/2 || e.Counts.LeftOut != pictures/2 || e.Images != pictures/2 || !strings.HasPrefix(e.LabelsDigest, "sha256:") || e.Untrained {
		t.Errorf("%+v", e)
	}
	data, err := os.ReadFile(o.PerTag)
	ok(t, err)
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	next := 0
	ok(t, file.Evaluation(t.Context(), func(r columnar.EvaluationRow) error {
		want := e.Tags[next]
		if r.TagID != want.ID || r.Tag != want.Tag || r.Seen != want.Seen || r.Positives != want.Positives || r.Annotated != want.Annotated ||
			r.AP != want.AP || r.APGroup != want.APGroup || r.APKeep != want.APKeep {
			t.Errorf("row %+v, want %+v", r, want)
		}
		next++
		return nil
	}))
	if next != len(e.Tags) || file.Metadata["sdl.model_id"] != e.ModelID || file.Metadata["sdl.labels"] != e.LabelsDigest {
		t.Errorf("%d tags, metadata %v", next, file.Metadata)
	}
	text, err := os.ReadFile(o.Report)
	if err != nil || strings.Count(string(text), `"ap_group"`) != len(e.Tags) {
		t.Errorf("report of %d bytes, %v", len(text), err)
	}
}

func TestOptionsAreCheckedTogether(t *testing.T) {
	_, err := evaluate.Run(t.Context(), evaluate.Options{Ks: []int{0}, MaxRejectRate: -1, PerTag: "s3://", Report: "x/", Compute: engine.Compute{BatchSize: -1, Device: "tpu"}}, nil)
	if !errors.Is(err, jobs.ErrConfig) {
		t.Fatal(err)
	}
	for _, want := range []string{"no labels", "k 0", "reject rate -1", "s3://", "split x/", "batch size -1", "tpu"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestCancellationIsItsCause(t *testing.T) {
	l := newLake(t)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := evaluate.Run(ctx, l.options(), func(e engine.Event) {
		if _, is := e.(engine.Loaded); is {
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestRemoteLabelsNameNoLocalFiles(t *testing.T) {
	l := newLake(t)
	bucket, err := storage.Open(t.Context(), "mem://evaluate-test")
	ok(t, err)
	w, err := bucket.NewWriter(t.Context(), "labels.parquet")
	ok(t, err)
	table, err := columnar.NewLabelWriter(w, columnar.Options{})
	ok(t, err)
	ok(t, table.Append(columnar.Label{URI: l.path("scene 00.png"), Positives: []string{"red"}}))
	ok(t, errors.Join(table.Close(), w.Close()))
	o := l.options()
	o.Labels = "mem://evaluate-test/labels.parquet"
	e, err := evaluate.Run(t.Context(), o, nil)
	if !errors.Is(err, jobs.ErrRejectBudget) || e.Rejects.Codes["fetch/permission_denied"] != 1 || len(e.Rejects.First) != 1 {
		t.Errorf("%v: %+v", err, e)
	}
	o.AllowRoots = []string{l.folder}
	if _, err := evaluate.Run(t.Context(), o, nil); err != nil {
		t.Error(err)
	}
}
