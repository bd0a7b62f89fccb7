package label_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// childEnv holds the options of a run that the test binary is to do, as JSON.
const childEnv = "SDL_LABEL_TEST_CHILD"

func TestMain(m *testing.M) {
	if options := os.Getenv(childEnv); options != "" {
		os.Exit(runChild(options))
	}
	goleak.VerifyTestMain(storagetest.Served{Tests: m})
}

func runChild(options string) int {
	var o label.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if _, err := label.Run(dying(context.Background()), o, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// lake is a folder with images and a manifest, and room for a dataset.
type lake struct {
	in, out *storage.Bucket
	options label.Options // a run of the lake
	names   []string      // the manifest's lines
	bad     map[string]string
}

const imageCount = 17

// scene draws picture i of a series, as PNG.
var scene = func() func(i int) []byte {
	var mu sync.Mutex
	drawn := map[int][]byte{}
	return func(i int) []byte {
		mu.Lock()
		defer mu.Unlock()
		if drawn[i] == nil {
			picture, _ := scenes.Draw(7, i)
			var file bytes.Buffer
			if err := png.Encode(&file, picture); err != nil {
				panic(err)
			}
			drawn[i] = file.Bytes()
		}
		return drawn[i]
	}
}()

// newLake puts images and a manifest that names them, and three that cannot be
// labelled, into the folder in. Both are folder URIs.
func newLake(t *testing.T, in, out string) *lake {
	t.Helper()
	library := orttest.Load(t)
	l := &lake{in: open(t, in), out: open(t, out), bad: map[string]string{
		"cut.png": "decode/truncated", "not there.jpg": "fetch/not_found", "words.jpg": "decode/unknown_format",
	}}
	for i := range imageCount {
		l.names = append(l.names, fmt.Sprintf("scenes/%02d.png", i))
		put(t, l.in, l.names[i], scene(i))
	}
	put(t, l.in, "cut.png", scene(0)[:900])
	put(t, l.in, "words.jpg", []byte("no image at all"))
	l.names = slices.Insert(l.names, 5, "cut.png")
	l.names = slices.Insert(l.names, 6, "not there.jpg")
	l.names = append(l.names, "words.jpg")
	put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")+"\n"))
	folder, query, _ := strings.Cut(in, "?")
	l.options = label.Options{
		Manifest: folder + "/images.txt", Output: out, RunID: "r1", ShardRows: 4, TopK: 5, MaxRejectRate: 0.5, Program: "test",
		Compute: engine.Compute{Library: library.Path, Device: "cpu", Threads: 1},
	}
	if query != "" {
		l.options.Manifest += "?" + query
	}
	return l
}

// local is a lake on the disk.
func local(t *testing.T) *lake { return newLake(t, t.TempDir(), filepath.Join(t.TempDir(), "out")) }

// everyStore runs a test on a lake in memory, on files and on S3.
func everyStore(t *testing.T, test func(t *testing.T, l *lake)) {
	t.Run("files", func(t *testing.T) { test(t, local(t)) })
	t.Run("memory", func(t *testing.T) {
		name := fmt.Sprintf("mem://label-%d", rand.Int64())
		test(t, newLake(t, name+"/in", name+"/out"))
	})
	t.Run("s3", func(t *testing.T) {
		folder, query, _ := strings.Cut(storagetest.S3(t), "?")
		test(t, newLake(t, folder+"/in?"+query, folder+"/out/lake?"+query))
	})
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

// events are what a run told.
type events struct {
	all  []label.Event
	each func(label.Event)
	over bool
}

func (e *events) handle(event label.Event) {
	if e.over {
		panic("an event after the run's end")
	}
	e.all = append(e.all, event)
	if e.each != nil {
		e.each(event)
	}
}

// run runs the job and returns what it told.
func (l *lake) run(ctx context.Context, o label.Options, each func(label.Event)) (label.Summary, *events, error) {
	e := &events{each: each}
	s, err := label.Run(ctx, o, e.handle)
	e.over = true
	return s, e, err
}

// mustRun is run without an error.
func (l *lake) mustRun(t *testing.T, o label.Options) (label.Summary, *events) {
	t.Helper()
	s, e, err := l.run(t.Context(), o, nil)
	ok(t, err)
	return s, e
}

// interrupt runs the job until so many shards are done and returns which.
func (l *lake) interrupt(t *testing.T, o label.Options, shards int) (runID string, done []int) {
	t.Helper()
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	_, e, err := l.run(ctx, o, func(event label.Event) {
		if _, isDone := event.(label.ShardDone); isDone {
			if shards--; shards == 0 {
				cancel(stop)
			}
		}
	})
	if !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	return of[label.Planned](e)[0].RunID, doneShards(e)
}

// of returns the events of one type.
func of[E label.Event](e *events) []E {
	var out []E
	for _, event := range e.all {
		if is, isOne := event.(E); isOne {
			out = append(out, is)
		}
	}
	return out
}

func doneShards(e *events) []int {
	var out []int
	for _, d := range of[label.ShardDone](e) {
		out = append(out, d.Shard)
	}
	slices.Sort(out)
	return out
}

// keys lists a dataset.
func keys(t testing.TB, b *storage.Bucket, prefix string) []string {
	t.Helper()
	found := []string{}
	for o, err := range b.List(t.Context(), prefix) {
		ok(t, err)
		found = append(found, o.Key)
	}
	return found
}

// published lists what lies under the table folders.
func published(t testing.TB, b *storage.Bucket) []string {
	t.Helper()
	return slices.DeleteFunc(keys(t, b, ""), func(key string) bool { return strings.HasPrefix(key, "_runs/") })
}

// tables are the rows of a committed run.
type tables struct {
	images     map[int64]columnar.Image
	embeddings map[int64][]float32
	tags       []columnar.TagRow
}

// read reads the tables that a commit names, and checks that they are there as
// committed, that each manifest row is in them once, and that _SUCCESS is too.
func (l *lake) read(t *testing.T, run string) tables {
	t.Helper()
	commit, err := dataset.ReadCommit(t.Context(), l.out, run)
	ok(t, err)
	out := tables{images: map[int64]columnar.Image{}, embeddings: map[int64][]float32{}}
	var want []string
	for _, f := range commit.Files {
		want = append(want, f.Key)
		data, _, err := l.out.ReadAll(t.Context(), f.Key, 1<<20)
		ok(t, err)
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s is not as committed", f.Key)
		}
		file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		ok(t, err)
		out.add(t, f.Table, file)
	}
	for _, table := range dataset.Tables {
		want = append(want, dataset.SuccessKey(table, run))
	}
	slices.Sort(want)
	found := slices.DeleteFunc(published(t, l.out), func(key string) bool { return !strings.Contains(key, "/run="+run+"/") })
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("table folders: %s", diff)
	}
	l.check(t, out, commit)
	return out
}

func (x *tables) add(t *testing.T, table string, f *columnar.File) {
	t.Helper()
	switch table {
	case dataset.Images:
		ok(t, f.Images(t.Context(), nil, func(i columnar.Image) error {
			if _, twice := x.images[i.Row]; twice {
				t.Errorf("row %d is there twice", i.Row)
			}
			x.images[i.Row] = i
			return nil
		}))
	case dataset.Embeddings:
		ok(t, f.Embeddings(t.Context(), func(e columnar.Embedding) error {
			if _, twice := x.embeddings[e.Row]; twice {
				t.Errorf("the embedding of row %d is there twice", e.Row)
			}
			x.embeddings[e.Row] = slices.Clone(e.Matrix)
			return nil
		}))
	case dataset.Tags:
		ok(t, f.Tags(t.Context(), func(r columnar.TagRow) error { x.tags = append(x.tags, r); return nil }))
	}
}

// check compares the tables with the manifest and the commit's counts.
func (l *lake) check(t *testing.T, x tables, c *dataset.Commit) {
	t.Helper()
	rejected := 0
	for row, name := range l.names {
		i, there := x.images[int64(row)]
		if !there || i.URI != name {
			t.Errorf("row %d is %q, want %q", row, i.URI, name)
			continue
		}
		fault, bad := l.bad[name]
		if got := strings.Trim(i.Stage+"/"+i.Code, "/"); got != fault || (i.Status == columnar.StatusOK) == bad {
			t.Errorf("row %d (%s): status %s, fault %q, want %q", row, name, i.Status, got, fault)
		}
		if bad {
			rejected++
			continue
		}
		if len(x.embeddings[int64(row)]) == 0 || len(i.Seen) != l.options.TopK || len(i.Unseen) != l.options.TopK {
			t.Errorf("row %d: %d values, %d seen and %d unseen tags", row, len(x.embeddings[int64(row)]), len(i.Seen), len(i.Unseen))
		}
	}
	good := len(l.names) - rejected
	if len(x.images) != len(l.names) || len(x.embeddings) != good || len(x.tags) != 2*l.options.TopK*good {
		t.Errorf("%d images, %d embeddings, %d tags", len(x.images), len(x.embeddings), len(x.tags))
	}
	if c.Rows != int64(len(l.names)) || c.OK != int64(good) || c.Rejected != int64(rejected) {
		t.Errorf("commit counts %d rows, %d ok, %d rejected", c.Rows, c.OK, c.Rejected)
	}
}

// same compares the rows of two runs: what is no float exactly but for times,
// versions and run ids, floats within noise.
func same(t *testing.T, a, b tables) {
	t.Helper()
	for row, left := range a.images {
		right := b.images[row]
		near(t, fmt.Sprintf("row %d: spread", row), []float32{left.RowSpread}, []float32{right.RowSpread})
		near(t, fmt.Sprintf("row %d: embedding", row), a.embeddings[row], b.embeddings[row])
		ranks(t, fmt.Sprintf("row %d: seen", row), left.Seen, right.Seen)
		ranks(t, fmt.Sprintf("row %d: unseen", row), left.Unseen, right.Unseen)
		if diff := cmp.Diff(plain(left), plain(right)); diff != "" {
			t.Errorf("row %d: %s", row, diff)
		}
	}
	if len(a.images) != len(b.images) || len(a.embeddings) != len(b.embeddings) || len(a.tags) != len(b.tags) {
		t.Errorf("%d and %d images, %d and %d embeddings, %d and %d tags", len(a.images), len(b.images), len(a.embeddings), len(b.embeddings), len(a.tags), len(b.tags))
	}
}

func plain(i columnar.Image) columnar.Image {
	i.Seen, i.Unseen, i.RowSpread, i.Version, i.ProcessedAt, i.Message = nil, nil, 0, "", time.Time{}, ""
	return i
}

// noise is how far floats may lie apart, as a share of the largest beside them.
const noise = 1e-5

func near(t *testing.T, what string, a, b []float32) {
	t.Helper()
	if len(a) != len(b) {
		t.Errorf("%s: %d and %d values", what, len(a), len(b))
		return
	}
	var scale float64
	for _, v := range a {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i := range a {
		if math.Abs(float64(a[i])-float64(b[i])) > noise*scale {
			t.Errorf("%s: value %d is %v and %v", what, i, a[i], b[i])
			return
		}
	}
}

// ranks compares ranked tags: places may be swapped among near scores only.
func ranks(t *testing.T, what string, a, b []columnar.RankedTag) {
	t.Helper()
	left, right := scores(a), scores(b)
	near(t, what+" scores", left, right)
	if len(a) == 0 || len(a) != len(b) {
		return
	}
	last := right[len(right)-1]
	for i, tag := range a {
		at := slices.IndexFunc(b, func(o columnar.RankedTag) bool { return o.TagID == tag.TagID })
		other := last // just below what was kept
		if at >= 0 {
			other = b[at].Score
		}
		if at != i {
			near(t, fmt.Sprintf("%s: %s at places %d and %d", what, tag.Tag, i, at), append([]float32{tag.Score}, left...), append([]float32{other}, left...))
		}
	}
}

func scores(tags []columnar.RankedTag) []float32 {
	var out []float32
	for _, t := range tags {
		out = append(out, t.Score)
	}
	return out
}
