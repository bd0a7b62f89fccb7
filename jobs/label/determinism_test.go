package label_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// settings are what may differ between two runs of the same rows.
type settings struct {
	batch, threads, decoders, fetchers int
	shardRows                          int64
	format                             string
}

func (s settings) of(o label.Options, run string) label.Options {
	o.RunID, o.BatchSize, o.Threads, o.Decoders, o.Fetch.Workers, o.ShardRows, o.Format = run, s.batch, s.threads, s.decoders, s.fetchers, s.shardRows, s.format
	return o
}

// TestTheSameRowsUnderAnySettings: batch sizes below, at and beyond that of a
// shard and of the manifest, with every other setting moved beside them.
func TestTheSameRowsUnderAnySettings(t *testing.T) {
	l := local(t)
	l.mustRun(t, settings{1, 1, 1, 1, 20, dataset.Parquet}.of(l.options, "first"))
	first := l.read(t, "first")
	for i, batch := range []int{2, 3, 8, 17, 33} {
		s := settings{batch, 1 + i%2, 1 + i%3, 1 + i%8, []int64{20, 7, 9, 1, 19}[i%5], []string{dataset.Arrow, dataset.Parquet}[i%2]}
		run := fmt.Sprint("batch-", batch)
		l.mustRun(t, s.of(l.options, run))
		same(t, first, l.read(t, run))
	}
}

// TestTheSameBatchSizeGivesTheSameBits: with one batch size nothing else changes a
// bit of the embeddings and scores, although each setting fills batches with other
// neighbours and ends them elsewhere.
func TestTheSameBatchSizeGivesTheSameBits(t *testing.T) {
	l := local(t)
	l.mustRun(t, settings{4, 1, 1, 1, 20, dataset.Parquet}.of(l.options, "first"))
	first := l.read(t, "first")
	for i, s := range []settings{
		{4, 2, 1, 8, 20, dataset.Parquet}, {4, 1, 3, 5, 20, dataset.Arrow}, {4, 2, 2, 3, 7, dataset.Parquet}, {4, 1, 2, 2, 1, dataset.Arrow}, {4, 2, 4, 4, 9, dataset.Parquet},
	} {
		run := fmt.Sprint("run-", i)
		l.mustRun(t, s.of(l.options, run))
		identical(t, fmt.Sprint(s), first, l.read(t, run))
	}
}

// identical compares the rows of two runs bit by bit, but for what tells of the
// run itself: its times and the tries at reading an object.
func identical(t *testing.T, what string, a, b tables) {
	t.Helper()
	for row, left := range a.images {
		right := b.images[row]
		for _, i := range []*columnar.Image{&left, &right} {
			i.ProcessedAt, i.Version, i.Attempts = time.Time{}, "", 0
		}
		if diff := cmp.Diff(left, right); diff != "" {
			t.Errorf("%s: row %d: %s", what, row, diff)
		}
		if !slices.EqualFunc(a.embeddings[row], b.embeddings[row], func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			t.Errorf("%s: the embedding of row %d has other bits", what, row)
		}
	}
	if diff := cmp.Diff(byImage(a.tags), byImage(b.tags)); diff != "" || len(a.images) != len(b.images) || len(a.embeddings) != len(b.embeddings) {
		t.Errorf("%s: %d and %d images, %d and %d embeddings; tags: %s", what, len(a.images), len(b.images), len(a.embeddings), len(b.embeddings), diff)
	}
}

// byImage sorts the rows of a tags table, whose parts go by shards.
func byImage(rows []columnar.TagRow) []columnar.TagRow {
	return slices.SortedFunc(slices.Values(rows), func(a, b columnar.TagRow) int {
		return strings.Compare(fmt.Sprintf("%09d %v %09d", a.Row, a.Seen, a.Rank), fmt.Sprintf("%09d %v %09d", b.Row, b.Seen, b.Rank))
	})
}

// TestLateObjectsChangeNoBit: what a store keeps waiting comes into other batches,
// beside other images.
func TestLateObjectsChangeNoBit(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	s := settings{4, 1, 2, 4, 20, dataset.Parquet}
	l.mustRun(t, s.of(l.options, "prompt"))
	first := l.read(t, "prompt")
	for _, image := range []int{0, 1, 6, 11} {
		front.Once("GET", fmt.Sprintf("scenes/%02d.png", image), storagetest.Busy(0))
	}
	for image := range imageCount {
		front.Once("GET", fmt.Sprintf("scenes/%02d.png", image), storagetest.Delay(time.Duration(image*7%5)*5*time.Millisecond))
	}
	l.mustRun(t, s.of(l.options, "late"))
	late := l.read(t, "late")
	if late.images[0].Attempts != 2 || slices.Equal(l.order(t, "prompt"), l.order(t, "late")) {
		t.Errorf("row 0 took %d tries; the rows lie in the order %v, as without delays", late.images[0].Attempts, l.order(t, "late"))
	}
	identical(t, "late", first, late)
}

// order is the order in which a run's images lie in its tables.
func (l *lake) order(t *testing.T, run string) (rows []int64) {
	t.Helper()
	commit, err := dataset.ReadCommit(t.Context(), l.out, run)
	ok(t, err)
	for _, f := range commit.Files {
		if f.Table == dataset.Images {
			data, _, err := l.out.ReadAll(t.Context(), f.Key, 1<<20)
			ok(t, err)
			table, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
			ok(t, err)
			ok(t, table.Images(t.Context(), nil, func(i columnar.Image) error { rows = append(rows, i.Row); return nil }))
		}
	}
	return rows
}

// TestAResumedRunHasTheSameBits goes on twice with other settings.
func TestAResumedRunHasTheSameBits(t *testing.T) {
	l := local(t)
	l.mustRun(t, settings{4, 1, 1, 1, 4, dataset.Parquet}.of(l.options, "whole"))
	l.interrupt(t, settings{4, 2, 3, 8, 4, dataset.Parquet}.of(l.options, "parts"), 1)
	l.interrupt(t, settings{4, 1, 1, 1, 9, dataset.Parquet}.of(l.options, "parts"), 1)
	l.mustRun(t, settings{4, 2, 2, 2, 4, dataset.Parquet}.of(l.options, "parts"))
	identical(t, "resumed", l.read(t, "whole"), l.read(t, "parts"))
}

// TestTheEnvironmentChangesNoBit: neither time zone nor language nor the number of
// processors decides anything.
func TestTheEnvironmentChangesNoBit(t *testing.T) {
	l := local(t)
	s := settings{4, 2, 2, 2, 9, dataset.Parquet}
	l.mustRun(t, s.of(l.options, "here"))
	for i, environment := range [][]string{
		{"TZ=Pacific/Apia", "LANG=tr_TR.UTF-8", "LC_ALL=tr_TR.UTF-8", "GOMAXPROCS=1"}, {"TZ=America/Adak", "LC_ALL=C", "OMP_NUM_THREADS=1", "GOGC=1"},
	} {
		run := fmt.Sprint("there-", i)
		options, err := json.Marshal(s.of(l.options, run))
		ok(t, err)
		executable, err := os.Executable()
		ok(t, err)
		c := exec.Command(executable)
		c.Env = append(os.Environ(), append(environment, childEnv+"="+string(options), "GORACE=atexit_sleep_ms=0")...)
		if said, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", environment, err, said)
		}
		there := l.read(t, run)
		identical(t, fmt.Sprint(environment), l.read(t, "here"), there)
		if at := there.images[0].ProcessedAt; time.Since(at).Abs() > time.Hour {
			t.Errorf("%v: processed at %v, it is %v", environment, at, time.Now().UTC())
		}
	}
}

// TestEachOfTwoRowsOfOneNameIsLabelled: rows are counted, not names.
func TestEachOfTwoRowsOfOneNameIsLabelled(t *testing.T) {
	l := local(t)
	l.names = []string{l.names[0], l.names[1], l.names[0], "cut.png", "cut.png", l.names[0]}
	put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")))
	o := settings{2, 1, 2, 2, 3, dataset.Parquet}.of(l.options, "twice")
	l.mustRun(t, o)
	got := l.read(t, "twice")
	for _, row := range []int64{2, 5} {
		if !slices.Equal(got.embeddings[0], got.embeddings[row]) || !cmp.Equal(got.images[0].Seen, got.images[row].Seen) {
			t.Errorf("rows 0 and %d are of one image and differ", row)
		}
	}
}
