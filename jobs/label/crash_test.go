package label_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// torture asks for the long form of tests: every point rather than one of each
// kind.
var torture = os.Getenv("SDL_TORTURE") != ""

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// smallLake is a lake of seven rows, three shards and two rejects.
func smallLake(t *testing.T, in, out string) *lake {
	t.Helper()
	l := newLake(t, in, out)
	l.names = l.names[1:8]
	l.options.ShardRows = 3
	put(t, l.in, "images.txt", []byte(strings.Join(l.names, "\n")+"\n"))
	return l
}

// smallOn makes small lakes by the kind of their store.
var smallOn = map[string]func(t *testing.T) *lake{
	"files": func(t *testing.T) *lake {
		folder := t.TempDir()
		return smallLake(t, filepath.Join(folder, "in"), filepath.Join(folder, "out"))
	},
	"s3": func(t *testing.T) *lake {
		folder, query, _ := strings.Cut(storagetest.VersityS3(t), "?")
		return smallLake(t, folder+"/in?"+query, folder+"/out?"+query)
	},
	"s3 in memory": func(t *testing.T) *lake {
		folder, query, _ := strings.Cut(storagetest.S3(t), "?")
		return smallLake(t, folder+"/in?"+query, folder+"/out?"+query)
	},
	"memory": func(t *testing.T) *lake {
		name := "mem://" + strings.ReplaceAll(t.Name(), "/", "-")
		return smallLake(t, name+"/in", name+"/out")
	},
}

// shapes are runs that come by different points.
var shapes = []struct {
	name, store string
	options     func(t *testing.T, l *lake) label.Options
}{
	{"parquet", "files", func(_ *testing.T, l *lake) label.Options { return l.options }},
	{"parquet", "s3", func(_ *testing.T, l *lake) label.Options { return l.options }},
	{"arrow of a compressed manifest", "files", arrowGzipped},
	{"arrow of a compressed manifest", "s3", arrowGzipped},
}

func arrowGzipped(t *testing.T, l *lake) label.Options {
	o := l.gzipped(t)
	o.Format = dataset.Arrow
	return o
}

// into is the lake with another folder for its dataset, below that of the lake.
func (l *lake) into(t *testing.T, o label.Options, n int) (*lake, label.Options) {
	t.Helper()
	folder, query, _ := strings.Cut(o.Output, "?")
	o.Output = fmt.Sprintf("%s/%d", folder, n)
	if query != "" {
		o.Output += "?" + query
	}
	other := *l
	other.out = open(t, o.Output)
	return &other, o
}

// count runs a lake undisturbed in its folder 0 and returns the points that it
// came by, and its rows.
func (l *lake) count(t *testing.T, o label.Options) (*census, tables) {
	t.Helper()
	l, o = l.into(t, o, 0)
	seen := newCensus()
	_, _, err := l.run(withPoints(t.Context(), func(point string) error { seen.visit(point); return nil }), o, nil)
	ok(t, err)
	return seen, l.read(t, o.RunID)
}

// TestKilledAtEveryPoint has processes kill themselves at each kind of point that a
// run comes by, the first time that it does or the last. Then the same command
// completes the run, whose rows are those of a run that nothing disturbed.
func TestKilledAtEveryPoint(t *testing.T) {
	tried := map[string]*census{"files": newCensus(), "s3": newCensus()}
	if torture {
		clear(tried)
	}
	for _, shape := range shapes {
		t.Run(shape.name+" on "+shape.store, func(t *testing.T) {
			l := smallOn[shape.store](t)
			o := shape.options(t, l)
			seen, want := l.count(t, o)
			deaths := newCensus()
			places := seen.places(tried[shape.store])
			t.Run("at", func(t *testing.T) {
				for i, p := range places {
					t.Run(fmt.Sprintf("%s #%d", p.Point, p.Nth), func(t *testing.T) {
						t.Parallel()
						l, o := l.into(t, o, i+1)
						if e := child(t, o, death{At: &p}); e.killed {
							deaths.visit(e.point)
						}
						l.checkUnfinished(t, o.RunID)
						l.mustRun(t, o)
						identical(t, "completed", want, l.read(t, o.RunID))
					})
				}
			})
			if deaths.total() < len(places)*9/10 {
				t.Errorf("%d of %d processes died", deaths.total(), len(places))
			}
			t.Logf("%d kills at %d of %d kinds of points, %d points in all", deaths.total(), len(deaths.times), len(seen.times), seen.total())
		})
	}
}

// TestKilledAgainAndAgain kills the processes of one run until one comes through,
// each at a later point and with other settings of performance than the last.
func TestKilledAgainAndAgain(t *testing.T) {
	for _, shape := range shapes {
		for _, id := range []string{"r1", ""} {
			t.Run(fmt.Sprintf("%s on %s as %q", shape.name, shape.store, id), func(t *testing.T) {
				t.Parallel()
				l := smallOn[shape.store](t)
				o := shape.options(t, l)
				seen, want := l.count(t, o)
				l, o = l.into(t, o, 1)
				o.RunID = id
				stride := seen.total() / 12
				if torture {
					stride = 7
				}
				kills, found := 0, map[string]int{}
				die := func() bool { return child(t, o, death{At: &place{Nth: 1 + kills*stride}}).killed }
				for ; die(); kills++ {
					o.BatchSize, o.Threads, o.Decoders, o.Fetch.Workers, o.ShardRows = 1+kills%4, 1+kills%2, 1+kills%3, 1+kills%5, int64(2+kills%3)
					for _, run := range l.runs(t) {
						found[l.checkUnfinished(t, run)]++
					}
				}
				commits := slices.DeleteFunc(keys(t, l.out, "_runs/"), func(key string) bool { return !strings.HasSuffix(key, "/commit.json") })
				if len(commits) != 1 {
					t.Fatalf("commits %q", commits)
				}
				same(t, want, l.read(t, strings.Split(commits[0], "/")[1]))
				t.Logf("%d kills left %v", kills, found)
			})
		}
	}
}

// runs are the runs of a dataset.
func (l *lake) runs(t *testing.T) []string {
	t.Helper()
	runs, err := dataset.Runs(t.Context(), l.out)
	ok(t, err)
	return runs
}
