package label_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestARunLabelsEveryRowOnce(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		s, e := l.mustRun(t, l.options)
		l.read(t, "r1")
		rejects := map[string]int64{"decode/truncated": 1, "fetch/not_found": 1, "decode/unknown_format": 1}
		if s.RunID != "r1" || s.Rows != 20 || s.OK != 17 || s.Rejected != 3 || s.Shards != 5 || s.AlreadyCommitted || fmt.Sprint(s.Rejects) != fmt.Sprint(rejects) {
			t.Errorf("summary %+v", s)
		}
		planned, loaded := of[label.Planned](e), of[label.Loaded](e)
		if len(planned) != 1 || planned[0].Resumed || planned[0].Rows != 20 || planned[0].Shards != 5 || planned[0].DoneRows != 0 {
			t.Errorf("planned %+v", planned)
		}
		if len(loaded) != 1 || loaded[0].Device != "cpu" || loaded[0].Threads != 1 {
			t.Errorf("loaded %+v", loaded)
		}
		if done := doneShards(e); !slices.Equal(done, []int{0, 1, 2, 3, 4}) {
			t.Errorf("shards done: %v", done)
		}
		if strings.Contains(l.planText(t), "endpoint") {
			t.Error("the plan keeps the options of a URI")
		}
		l.mustRunAgain(t)
	})
}

func (l *lake) planText(t *testing.T) string {
	t.Helper()
	text, _, err := l.out.ReadAll(t.Context(), dataset.PlanKey("r1"), 1<<20)
	ok(t, err)
	return string(text)
}

// mustRunAgain runs a committed run once more, with a marker gone.
func (l *lake) mustRunAgain(t *testing.T) {
	t.Helper()
	before := keys(t, l.out, "")
	for _, table := range []string{dataset.Tags, dataset.Vocab} {
		ok(t, l.out.Delete(t.Context(), dataset.SuccessKey(table, "r1")))
	}
	s, e := l.mustRun(t, l.options)
	if planned := of[label.Planned](e); !s.AlreadyCommitted || len(e.all) != 1 || !planned[0].Committed {
		t.Errorf("summary %+v after events %+v", s, e.all)
	}
	if after := keys(t, l.out, ""); !slices.Equal(before, after) {
		t.Errorf("files %q, before %q", after, before)
	}
}

// TestPerformanceOptionsDoNotChangeTheRows labels with other batch sizes and
// numbers of workers.
func TestPerformanceOptionsDoNotChangeTheRows(t *testing.T) {
	l := local(t)
	var first tables
	for i, batch := range []int{1, 3, 8} {
		o := l.options
		o.RunID, o.BatchSize, o.Threads, o.Decoders, o.Fetch.Workers, o.ShardRows = fmt.Sprint("batch-", batch), batch, 1+i, 1+i, 1+3*i, []int64{20, 7, 9}[i]
		l.mustRun(t, o)
		rows := l.read(t, o.RunID)
		if i == 0 {
			first = rows
			continue
		}
		same(t, first, rows)
	}
}

func TestStoresHoldTheSameRows(t *testing.T) {
	a := local(t)
	a.mustRun(t, a.options)
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	b := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	b.mustRun(t, b.options)
	same(t, a.read(t, "r1"), b.read(t, "r1"))
}

func TestABucketThatIsNotThere(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	for name, spoil := range map[string]func(*label.Options){
		"manifest": func(o *label.Options) { o.Manifest = "s3://nowhere/images.txt?" + query },
		"output":   func(o *label.Options) { o.Output = "s3://nowhere/out?" + query },
		"model":    func(o *label.Options) { o.Model = "s3://nowhere/bundle?" + query },
		"vocab":    func(o *label.Options) { o.Vocab = "s3://nowhere/vocab.parquet?" + query },
	} {
		for _, id := range []string{"r1", ""} {
			o := l.options
			o.RunID = id
			spoil(&o)
			_, _, err := l.run(t.Context(), o, nil)
			if !errors.Is(err, jobs.ErrConfig) || !errors.Is(err, storage.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
				t.Errorf("%s with run id %q: error %v", name, id, err)
			}
			if err != nil && strings.Contains(err.Error(), "endpoint") {
				t.Errorf("%s: the error shows options: %v", name, err)
			}
		}
	}
	if found := keys(t, l.out, ""); len(found) > 0 {
		t.Errorf("written: %q", found)
	}
}

// TestImagesOfABucketThatIsNotThere are rejects: other rows of the manifest may
// name other buckets.
func TestImagesOfABucketThatIsNotThere(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	l.names = []string{"s3://nowhere/a.png", l.names[0], "s3://nowhere/b.png", folder + "/in/" + l.names[1]}
	l.bad = map[string]string{"s3://nowhere/a.png": "fetch/not_found", "s3://nowhere/b.png": "fetch/not_found"}
	put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")))
	l.mustRun(t, l.options)
	l.read(t, "r1")
}

// TestARemoteManifestNamesNoLocalFile unless it is allowed to.
func TestARemoteManifestNamesNoLocalFile(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	here := t.TempDir()
	path := filepath.Join(here, "x.png")
	ok(t, os.WriteFile(path, scene(1), 0o644))
	l.names = []string{l.names[0], path, (&url.URL{Scheme: "file", Path: path}).String()}
	put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")))
	l.bad = map[string]string{l.names[1]: "fetch/permission_denied", l.names[2]: "fetch/permission_denied"}
	o := l.options
	o.MaxRejectRate = 1
	l.mustRun(t, o)
	l.read(t, "r1")
	l.bad = nil
	o.RunID, o.AllowRoots = "r2", []string{here}
	l.mustRun(t, o)
	l.read(t, "r2")
}

func TestCarriedColumns(t *testing.T) {
	l := local(t)
	put(t, l.in, "images.csv", []byte("id,path,owner\n1,scenes/00.png,\"a, b\"\n2,cut.png,ä\n3,scenes/01.png,\n"))
	o := l.options
	o.Manifest, o.Carry = filepath.Join(l.in.URI(), "images.csv"), []string{"owner", "id"}
	l.mustRun(t, o)
	commit, err := dataset.ReadCommit(t.Context(), l.out, "r1")
	ok(t, err)
	r, err := l.out.OpenAt(t.Context(), commit.Files[0].Key)
	ok(t, err)
	defer r.Close()
	f, err := columnar.Open(r, r.Size())
	ok(t, err)
	got := map[int64][]string{}
	ok(t, f.Images(t.Context(), o.Carry, func(i columnar.Image) error { got[i.Row] = i.Carried; return nil }))
	want := map[int64][]string{0: {"a, b", "1"}, 1: {"ä", "2"}, 2: {"", "3"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("carried %v, want %v", got, want)
	}
}

func TestOptionsOfNoUseAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*label.Options){
		"no manifest":       func(o *label.Options) { o.Manifest = "" },
		"no output":         func(o *label.Options) { o.Output = "" },
		"a run id":          func(o *label.Options) { o.RunID = "a/b" },
		"a column's name":   func(o *label.Options) { o.ManifestFormat, o.URIColumn = "csv", "caf\xe9" },
		"a carried name":    func(o *label.Options) { o.ManifestFormat, o.Carry = "csv", []string{"caf\xe9"} },
		"shard rows":        func(o *label.Options) { o.ShardRows = -1 },
		"top-k":             func(o *label.Options) { o.TopK = -1 },
		"precision":         func(o *label.Options) { o.Precision = "fp8" },
		"a reject rate":     func(o *label.Options) { o.MaxRejectRate = 1.5 },
		"a batch size":      func(o *label.Options) { o.BatchSize = -1 },
		"threads":           func(o *label.Options) { o.Threads = 1 << 20 },
		"decoders":          func(o *label.Options) { o.Decoders = -1 },
		"fetchers":          func(o *label.Options) { o.Fetch.Workers = -1 },
		"a device":          func(o *label.Options) { o.Device = "abacus" },
		"a format":          func(o *label.Options) { o.ManifestFormat = "xml" },
		"a missing file":    func(o *label.Options) { o.Manifest += ".txt" },
		"a missing column":  func(o *label.Options) { o.ManifestFormat, o.URIColumn = "csv", "none" },
		"an unknown scheme": func(o *label.Options) { o.Output = "gopher://x/y" },
	} {
		l := local(t)
		o := l.options
		spoil(&o)
		if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrConfig) {
			t.Errorf("%s: error %v", name, err)
		}
		if found := keys(t, l.out, ""); len(found) > 0 {
			t.Errorf("%s: written: %q", name, found)
		}
	}
}

func TestACancelledRunSaysWhy(t *testing.T) {
	l := local(t)
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, _, err := l.run(ctx, l.options, nil); !errors.Is(err, stop) || errors.Is(err, jobs.ErrConfig) {
		t.Errorf("error %v", err)
	}
}
