package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/jobs/verify"
	"github.com/sdl-batch/sdl-batch/jobs/verify/reread"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// TestMain makes the test binary the second reader, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == reread.Command {
		os.Exit(reread.Main(os.Stdin, os.Stdout))
	}
	var err error
	if work, err = os.MkdirTemp("", "verify"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		os.RemoveAll(work)
		os.Exit(status)
	}))
}

// work is the folder of the lakes that all tests copy, one for each format.
var (
	work    string
	labeled = map[string]*sync.Once{dataset.Parquet: {}, dataset.Arrow: {}}
)

// everyFormat runs a test for each file format.
func everyFormat(t *testing.T, test func(t *testing.T, format string)) {
	for format := range labeled {
		t.Run(format, func(t *testing.T) { test(t, format) })
	}
}

// lake returns a copy of a dataset of three runs.
func lake(t *testing.T, format string) string {
	t.Helper()
	library := orttest.Load(t)
	labeled[format].Do(func() { labelAll(t, library, filepath.Join(work, format), format) })
	folder := t.TempDir()
	ok(t, os.CopyFS(folder, os.DirFS(filepath.Join(work, format, "out"))))
	return folder
}

// Two runs of one manifest: 10 images and a broken one, in shards of 4; and a
// small one of the last shard's three rows.
const (
	run, otherRun, smallRun = "r1", "r2", "r3"
	rows, shards            = 11, 3
)

// labelAll labels images, the first time with carried columns.
func labelAll(t *testing.T, library ort.Library, work, format string) {
	t.Helper()
	in, out := filepath.Join(work, "in"), filepath.Join(work, "out")
	ok(t, os.MkdirAll(in, 0o755))
	manifest := "uri,owner\n"
	for i := range rows {
		name := fmt.Sprintf("%d.png", i)
		picture, _ := scenes.Draw(3, i)
		var file bytes.Buffer
		ok(t, png.Encode(&file, picture))
		data := file.Bytes()
		if i == 6 {
			data = data[:500]
		}
		ok(t, os.WriteFile(filepath.Join(in, name), data, 0o644))
		manifest += name + ",someone " + name + "\n"
	}
	ok(t, os.WriteFile(filepath.Join(in, "images.csv"), []byte(manifest), 0o644))
	o := label.Options{
		Manifest: filepath.Join(in, "images.csv"), Output: out, RunID: run, Format: format, ShardRows: 4, TopK: 3, MaxRejectRate: 1, Carry: []string{"owner"},
		Compute: engine.Compute{Library: library.Path, Device: "cpu", Threads: 1},
	}
	_, err := label.Run(t.Context(), o, nil)
	ok(t, err)
	o.RunID, o.Carry = otherRun, nil
	_, err = label.Run(t.Context(), o, nil)
	ok(t, err)
	lines := strings.SplitAfter(manifest, "\n")
	ok(t, os.WriteFile(filepath.Join(in, "small.csv"), []byte(strings.Join(slices.Concat(lines[:1], lines[6:9]), "")), 0o644))
	o.RunID, o.Manifest = smallRun, filepath.Join(in, "small.csv")
	_, err = label.Run(t.Context(), o, nil)
	ok(t, err)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func options(t *testing.T, folder string) verify.Options {
	t.Helper()
	executable, err := os.Executable()
	ok(t, err)
	return verify.Options{Dataset: folder, RunID: run, Executable: executable}
}

func TestAGoodRunPasses(t *testing.T) { everyFormat(t, goodRunPasses) }

func goodRunPasses(t *testing.T, format string) {
	folder := lake(t, format)
	for _, c := range []struct {
		run        string
		sample     int
		recomputed int64
	}{{run, 0, 10}, {run, 1, 3}, {otherRun, -1, 10}} {
		o := options(t, folder)
		checked := []int{}
		o.RunID, o.Sample, o.Checked = c.run, c.sample, func(shard, of int) { checked = append(checked, shard, of) }
		r, err := verify.Run(t.Context(), o)
		if err != nil || len(r.Problems) > 0 {
			t.Fatalf("run %s: report %+v, error %v", c.run, r, err)
		}
		if r.RunID != c.run || r.Shards != shards || r.Rows != rows || r.OK != 10 || r.Rejected != 1 || r.Tags != 60 || r.Recomputed != c.recomputed || r.Files != 3*shards+1 || r.Bytes == 0 {
			t.Errorf("run %s, sample %d: report %+v", c.run, c.sample, r)
		}
		if !slices.Equal(checked, []int{1, 3, 2, 3, 3, 3}) {
			t.Errorf("progress %v", checked)
		}
	}
}

func partIn(format string) func(table string, shard int) string {
	return func(table string, shard int) string { return dataset.PartKey(table, run, shard, format) }
}

// edit changes a file of a dataset through its bytes. Parts are links to the
// attempts' files: the edited one becomes a file of its own.
func edit(t *testing.T, folder, key string, change func(data []byte) []byte) {
	t.Helper()
	path := filepath.Join(folder, key)
	data, err := os.ReadFile(path)
	ok(t, err)
	ok(t, os.Remove(path))
	ok(t, os.WriteFile(path, change(data), 0o644))
}

func swap(t *testing.T, folder, a, b string) {
	t.Helper()
	path := func(key string) string { return filepath.Join(folder, key) }
	ok(t, os.Rename(path(a), path("aside")))
	ok(t, os.Rename(path(b), path(a)))
	ok(t, os.Rename(path("aside"), path(b)))
}

// problem is what a report must name.
type problem struct{ file, check string }

func TestDamageIsFoundAndNamed(t *testing.T) { everyFormat(t, damageIsFoundAndNamed) }

func damageIsFoundAndNamed(t *testing.T, format string) {
	commit, part := dataset.CommitKey(run), partIn(format)
	for name, c := range map[string]struct {
		damage func(t *testing.T, folder string)
		want   []problem
	}{
		"a part is deleted": {
			func(t *testing.T, folder string) { ok(t, os.Remove(filepath.Join(folder, part(dataset.Tags, 1)))) },
			[]problem{{part(dataset.Tags, 1), "missing"}, {commit, "counts"}},
		},
		"the vocabulary is deleted": {
			func(t *testing.T, folder string) { ok(t, os.Remove(filepath.Join(folder, part(dataset.Vocab, 0)))) },
			[]problem{{part(dataset.Vocab, 0), "missing"}},
		},
		"a receipt is lost and another altered, of a commit from before the seal": {
			func(t *testing.T, folder string) {
				editCommit(t, folder, func(c *dataset.Commit) { c.Seal = nil })
				ok(t, os.Remove(filepath.Join(folder, dataset.ReceiptKey(run, 0))))
				edit(t, folder, dataset.ReceiptKey(run, 1), func(d []byte) []byte {
					return bytes.Replace(d, []byte(`"bytes": `), []byte(`"bytes": 1`), 1)
				})
			},
			[]problem{{dataset.ReceiptKey(run, 0), "missing"}, {dataset.ReceiptKey(run, 1), "files"}},
		},
		"a byte is altered": {
			func(t *testing.T, folder string) {
				edit(t, folder, part(dataset.Embeddings, 2), func(d []byte) []byte { d[len(d)/3] ^= 4; return d })
			},
			[]problem{{part(dataset.Embeddings, 2), "digest"}},
		},
		"a part is truncated": {
			func(t *testing.T, folder string) {
				edit(t, folder, part(dataset.Images, 0), func(d []byte) []byte { return d[:len(d)-20] })
			},
			[]problem{{part(dataset.Images, 0), "size"}, {part(dataset.Images, 0), "digest"}, {part(dataset.Images, 0), "readable"}},
		},
		"a part is empty": {
			func(t *testing.T, folder string) {
				edit(t, folder, part(dataset.Tags, 0), func([]byte) []byte { return nil })
			},
			[]problem{{part(dataset.Tags, 0), "size"}, {part(dataset.Tags, 0), "digest"}, {part(dataset.Tags, 0), "readable"}},
		},
		"two shards are swapped": {
			func(t *testing.T, folder string) {
				swap(t, folder, part(dataset.Embeddings, 0), part(dataset.Embeddings, 1))
			},
			[]problem{{part(dataset.Embeddings, 0), "digest"}, {part(dataset.Embeddings, 1), "digest"}},
		},
		"two runs are swapped": {
			func(t *testing.T, folder string) {
				swap(t, folder, part(dataset.Tags, 0), dataset.PartKey(dataset.Tags, otherRun, 0, format))
			},
			[]problem{{part(dataset.Tags, 0), "digest"}, {part(dataset.Tags, 0), "run"}},
		},
		"there is another part": {
			func(t *testing.T, folder string) {
				path := filepath.Join(folder, part(dataset.Images, 3))
				ok(t, os.WriteFile(path, []byte("x"), 0o644))
			},
			[]problem{{part(dataset.Images, 3), "extra"}},
		},
		"rows are counted wrongly": {
			func(t *testing.T, folder string) {
				editCommit(t, folder, func(c *dataset.Commit) { c.OK, c.Rejected = 9, 2 })
			},
			[]problem{{commit, "counts"}},
		},
		"rows are missing from the count": {
			func(t *testing.T, folder string) { editCommit(t, folder, func(c *dataset.Commit) { c.Rows-- }) },
			[]problem{{commit, "counts"}},
		},
		"the commit names no part of a shard": {
			func(t *testing.T, folder string) {
				editCommit(t, folder, func(c *dataset.Commit) { c.Files = c.Files[3:] })
			},
			[]problem{{commit, "files"}, {part(dataset.Images, 0), "extra"}, {commit, "counts"}},
		},
		"the commit is of another plan": {
			func(t *testing.T, folder string) {
				editCommit(t, folder, func(c *dataset.Commit) { c.Fingerprint = "sha256:0" })
			},
			[]problem{{commit, "fingerprint"}},
		},
		"a score was wrong from the start": {
			func(t *testing.T, folder string) {
				rewriteImages(t, folder, part(dataset.Images, 0), format, func(i *columnar.Image) { i.Seen[0].Score += 1 })
			},
			[]problem{{part(dataset.Images, 0), "recomputed"}, {part(dataset.Tags, 0), "rows"}},
		},
		"a part is in the other format": {
			func(t *testing.T, folder string) {
				other := map[string]string{dataset.Parquet: dataset.Arrow, dataset.Arrow: dataset.Parquet}[format]
				rewriteImages(t, folder, part(dataset.Images, 0), other, func(*columnar.Image) {})
			},
			[]problem{{part(dataset.Images, 0), "format"}},
		},
		"a row was twice from the start": {
			func(t *testing.T, folder string) {
				rewriteImages(t, folder, part(dataset.Images, 0), format, func(i *columnar.Image) { i.Row = 1 })
			},
			[]problem{{part(dataset.Images, 0), "rows"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // processes start and end slowly under the race detector
			damaged := lake(t, format)
			c.damage(t, damaged)
			r, err := verify.Run(t.Context(), options(t, damaged))
			if !errors.Is(err, jobs.ErrDamaged) || r == nil {
				t.Fatalf("report %v, error %v", r, err)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(r.Problems, func(p verify.Problem) bool {
					return p.File == want.file && p.Check == want.check && p.Detail != ""
				}) {
					t.Errorf("no problem %v among %q", want, r.Problems)
				}
			}
		})
	}
}

func editCommit(t *testing.T, folder string, change func(*dataset.Commit)) {
	t.Helper()
	editCommitOf(t, folder, run, change)
}

func editCommitOf(t *testing.T, folder, run string, change func(*dataset.Commit)) {
	t.Helper()
	edit(t, folder, dataset.CommitKey(run), func(data []byte) []byte {
		var c dataset.Commit
		ok(t, json.Unmarshal(data, &c))
		change(&c)
		data, err := json.Marshal(c)
		ok(t, err)
		return data
	})
}

// rewriteImages changes row 0 of the first shard's images, written in a format,
// and the commit with it: only who reads the tables can find it.
func rewriteImages(t *testing.T, folder, key, format string, change func(*columnar.Image)) {
	t.Helper()
	var written bytes.Buffer
	edit(t, folder, key, func(data []byte) []byte {
		f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		ok(t, err)
		w, err := columnar.NewImageWriter(&written, columnar.Options{Format: columnar.Format(format), Metadata: map[string]string{dataset.RunMetadata: run}, Carried: []string{"owner"}})
		ok(t, err)
		ok(t, f.Images(t.Context(), []string{"owner"}, func(i columnar.Image) error {
			if i.Row == 0 {
				change(&i)
			}
			return w.Append(i)
		}))
		ok(t, w.Close())
		return written.Bytes()
	})
	editCommit(t, folder, func(c *dataset.Commit) {
		at := slices.IndexFunc(c.Files, func(f dataset.File) bool { return f.Key == key })
		sum := sha256.Sum256(written.Bytes())
		c.Files[at].Bytes, c.Files[at].SHA256 = int64(written.Len()), hex.EncodeToString(sum[:])
	})
}

func TestWhatCannotBeCheckedIsAnError(t *testing.T) {
	folder := lake(t, dataset.Parquet)
	ok(t, os.Remove(filepath.Join(folder, dataset.CommitKey(otherRun))))
	for _, table := range dataset.Tables {
		ok(t, os.Remove(filepath.Join(folder, dataset.SuccessKey(table, otherRun))))
	}
	for name, spoil := range map[string]func(*verify.Options){
		"no such run":      func(o *verify.Options) { o.RunID = "none" },
		"no run id":        func(o *verify.Options) { o.RunID = "../" + run },
		"not committed":    func(o *verify.Options) { o.RunID = otherRun },
		"no such dataset":  func(o *verify.Options) { o.Dataset = filepath.Join(folder, "none") },
		"no such protocol": func(o *verify.Options) { o.Dataset = "gopher://x" },
	} {
		o := options(t, folder)
		spoil(&o)
		if r, err := verify.Run(t.Context(), o); !errors.Is(err, jobs.ErrConfig) || r != nil {
			t.Errorf("%s: report %v, error %v", name, r, err)
		}
	}
}

// TestASecondReaderThatIsNotThere is no damage.
func TestASecondReaderThatIsNotThere(t *testing.T) {
	o := options(t, lake(t, dataset.Parquet))
	o.Executable = filepath.Join(t.TempDir(), "none")
	if r, err := verify.Run(t.Context(), o); err == nil || errors.Is(err, jobs.ErrDamaged) || r != nil {
		t.Errorf("report %v, error %v", r, err)
	}
}

func TestCancellationEndsTheCheck(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	o := options(t, lake(t, dataset.Parquet))
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	shard := 0
	o.Checked = func(int, int) { shard++; cancel(stop) }
	if r, err := verify.Run(ctx, o); r != nil || shard != 1 || !errors.Is(err, stop) && !errors.Is(err, context.Canceled) {
		t.Errorf("report %v after %d shards, error %v", r, shard, err)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "sdl-verify-*"))
	ok(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}
