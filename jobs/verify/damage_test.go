package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/verify"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// torture tells whether to try every place instead of some.
func torture() bool { return os.Getenv("SDL_TORTURE") != "" }

// spoiled is a lake whose files are damaged and restored.
type spoiled struct {
	t      *testing.T
	folder string
	o      verify.Options
}

func newSpoiled(t *testing.T, format, run string) *spoiled {
	t.Parallel()
	folder := lake(t, format)
	o := options(t, folder)
	o.RunID = run
	return &spoiled{t, folder, o}
}

func (s *spoiled) path(key string) string { return filepath.Join(s.folder, key) }

func (s *spoiled) read(key string) []byte {
	s.t.Helper()
	data, err := os.ReadFile(s.path(key))
	ok(s.t, err)
	return data
}

// write gives a file other bytes; nil deletes it.
func (s *spoiled) write(key string, data []byte) {
	s.t.Helper()
	ok(s.t, os.RemoveAll(s.path(key)))
	if data != nil {
		ok(s.t, os.WriteFile(s.path(key), data, 0o644))
	}
}

// found checks that a damage to a file is reported under its name, and restores
// the file.
func (s *spoiled) found(key, damage string, data []byte) {
	s.t.Helper()
	whole := s.read(key)
	s.write(key, data)
	s.reports(key, damage)
	s.write(key, whole)
}

// reports checks that a report has a problem with a file.
func (s *spoiled) reports(key, damage string) {
	s.t.Helper()
	r, err := verify.Run(s.t.Context(), s.o)
	if !errors.Is(err, jobs.ErrDamaged) || r == nil {
		s.t.Errorf("%s: %s: report %v, error %v", key, damage, r, err)
		return
	}
	if !slices.ContainsFunc(r.Problems, func(p verify.Problem) bool { return p.File == key && p.Check != "" && p.Detail != "" }) {
		s.t.Errorf("%s: %s: not named among %q", key, damage, r.Problems)
	}
}

// passes checks that the lake is whole again.
func (s *spoiled) passes() {
	s.t.Helper()
	if r, err := verify.Run(s.t.Context(), s.o); err != nil {
		s.t.Errorf("restored: report %v, error %v", r, err)
	}
}

// flips are places of n bits, the same in every run of the test, spread over a
// file: its begin, its end, where a footer lies, and between.
func flips(size, n int) (bits []int) {
	random := rand.New(rand.NewPCG(uint64(size), 1))
	if torture() {
		n = max(n, size/16)
	}
	for i := range n {
		from, to := i*size/n, (i+1)*size/n
		bits = append(bits, 8*(from+random.IntN(max(to-from, 1)))+random.IntN(8))
	}
	return append(bits, 0, 8*size-1, 8*(size-6)+3)
}

func flipped(data []byte, bit int) []byte {
	data = slices.Clone(data)
	data[bit/8] ^= 1 << (bit % 8)
	return data
}

// TestEveryPartDamagedInEveryWay damages the parts of a run, each alone. A bit is
// lost in many places, wherever they lie: pages and their heads, dictionaries,
// statistics, filters, footers.
func TestEveryPartDamagedInEveryWay(t *testing.T) {
	everyFormat(t, func(t *testing.T, format string) {
		s := newSpoiled(t, format, smallRun)
		for _, table := range dataset.Tables {
			s.everyWay(dataset.PartKey(table, smallRun, 0, format))
		}
		s.passes()
	})
}

func (s *spoiled) everyWay(key string) {
	whole := s.read(key)
	for _, bit := range flips(len(whole), 8) {
		s.found(key, fmt.Sprintf("bit %d of %d flipped", bit, 8*len(whole)), flipped(whole, bit))
	}
	for _, n := range []int{0, 11, len(whole) / 2, len(whole) - 1} {
		s.found(key, fmt.Sprintf("cut to %d of %d bytes", n, len(whole)), whole[:n:n])
	}
	s.found(key, "deleted", nil)
	s.found(key, "zero byte appended", append(slices.Clone(whole), 0))
	s.found(key, "doubled", slices.Concat(whole, whole))
	s.found(key, "noise", noise(len(whole)))
}

func noise(n int) []byte {
	random, data := rand.NewChaCha8([32]byte{7}), make([]byte, n)
	random.Read(data)
	return data
}

// TestPartsThatChangedPlaces puts whole, valid parts where others belong.
func TestPartsThatChangedPlaces(t *testing.T) {
	everyFormat(t, func(t *testing.T, format string) {
		s := newSpoiled(t, format, run)
		for shard, table := range dataset.ShardTables {
			key := dataset.PartKey(table, run, shard, format)
			s.found(key, "the next shard's", s.read(dataset.PartKey(table, run, (shard+1)%shards, format)))
			s.found(key, "the other run's", s.read(dataset.PartKey(table, otherRun, shard, format)))
		}
		images := dataset.PartKey(dataset.Images, run, 0, format)
		s.found(images, "another table's", s.read(dataset.PartKey(dataset.Tags, run, 0, format)))
		s.passes()
	})
}

// TestFilesThatDoNotBelong adds files to a run's folders.
func TestFilesThatDoNotBelong(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, smallRun)
	part := s.read(dataset.PartKey(dataset.Tags, smallRun, 0, dataset.Parquet))
	for _, key := range []string{
		dataset.PartKey(dataset.Tags, smallRun, 1, dataset.Parquet), dataset.PartKey(dataset.Tags, smallRun, 0, dataset.Arrow),
		dataset.PartKey(dataset.Vocab, smallRun, 1, dataset.Parquet), dataset.TablePrefix(dataset.Images, smallRun) + "x",
		dataset.TablePrefix(dataset.Images, smallRun) + "more/part-000000.parquet", dataset.TablePrefix(dataset.Embeddings, smallRun) + "more/_SUCCESS",
		dataset.ReceiptKey(smallRun, 1), dataset.ReceiptsPrefix(smallRun) + "x",
	} {
		ok(t, os.MkdirAll(filepath.Dir(s.path(key)), 0o755))
		s.write(key, part)
		s.reports(key, "extra")
		s.write(key, nil)
	}
	for _, table := range dataset.Tables {
		s.found(dataset.SuccessKey(table, smallRun), "a marker with content", []byte("x"))
		s.found(dataset.SuccessKey(table, smallRun), "no marker", nil)
	}
	s.passes()
}

// TestWhatIsNoFile puts pipes, folders, devices and loops where files belong:
// none of them is waited for.
func TestWhatIsNoFile(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, smallRun)
	for _, key := range []string{
		dataset.PartKey(dataset.Images, smallRun, 0, dataset.Parquet), dataset.PartKey(dataset.Vocab, smallRun, 0, dataset.Parquet),
		dataset.ReceiptKey(smallRun, 0), dataset.CommitKey(smallRun), dataset.PlanKey(smallRun), dataset.SuccessKey(dataset.Tags, smallRun),
	} {
		whole, path := s.read(key), s.path(key)
		for what, put := range map[string]func() error{
			"a pipe":   func() error { return syscall.Mkfifo(path, 0o644) },
			"a folder": func() error { return os.Mkdir(path, 0o755) },
			"a device": func() error { return os.Symlink("/dev/zero", path) },
			"nowhere":  func() error { return os.Symlink(filepath.Join(s.folder, "none"), path) },
		} {
			s.write(key, nil)
			ok(t, put())
			s.reports(key, what)
			s.write(key, whole)
		}
	}
	s.passes()
}

// TestRecordsThatLostABit flips bits of the commit, the plan and a receipt.
// What a record says must be as it was; how names are spelt, in letters large or
// small, is no matter but in the commit.
func TestRecordsThatLostABit(t *testing.T) {
	s := newSpoiled(t, dataset.Arrow, smallRun)
	for key, same := range map[string]func(a, b []byte) bool{
		dataset.CommitKey(smallRun):     bytes.Equal,
		dataset.PlanKey(smallRun):       sameRecord[dataset.Plan],
		dataset.ReceiptKey(smallRun, 0): sameRecord[dataset.Receipt],
	} {
		whole := s.read(key)
		for _, bit := range flips(len(whole), 16) {
			if data := flipped(whole, bit); !same(whole, data) {
				s.found(key, fmt.Sprintf("bit %d flipped: %q", bit, around(data, bit/8)), data)
			}
		}
		for _, n := range []int{0, len(whole) / 2, len(whole) - 2} {
			s.found(key, fmt.Sprintf("cut to %d bytes", n), whole[:n:n])
		}
		s.found(key, "deleted", nil)
		s.found(key, "null", []byte("null\n"))
		s.found(key, "nested", bytes.Repeat([]byte("["), 1<<20))
	}
	s.passes()
}

func around(data []byte, at int) []byte { return data[max(at-12, 0):min(at+12, len(data))] }

func sameRecord[T any](a, b []byte) bool {
	var left, right T
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && dataset.Digest(left) == dataset.Digest(right)
}

// TestRecordsWithAnyValueAltered changes every value of the commit, the plan and
// a receipt, one by one.
func TestRecordsWithAnyValueAltered(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, smallRun)
	for _, key := range []string{dataset.CommitKey(smallRun), dataset.PlanKey(smallRun), dataset.ReceiptKey(smallRun, 0)} {
		var record any
		whole := s.read(key)
		ok(t, json.Unmarshal(whole, &record))
		n := 0
		alter(&record, "", func(path string) {
			if n++; strings.Contains(path, ".files.") && n%4 > 0 && !torture() {
				return
			}
			data, err := json.MarshalIndent(record, "", " ")
			ok(t, err)
			s.found(key, path+" altered", data)
		})
		if n < 25 {
			t.Errorf("%s has %d values", key, n)
		}
	}
	s.passes()
}

// alter calls each with every value below a value altered in turn, and puts it
// back.
func alter(v *any, path string, each func(path string)) {
	old := *v
	switch x := old.(type) {
	case map[string]any:
		for name, value := range x {
			alter(&value, path+"."+name, func(path string) { x[name] = value; each(path) })
			if delete(x, name); !slices.Contains([]any{"", 0.0, false, nil}, value) {
				each(path + "." + name + " left out")
			}
			x[name] = value
		}
		return
	case []any:
		for i := range x {
			alter(&x[i], fmt.Sprint(path, ".", i), each)
		}
		if len(x) > 0 {
			*v = x[1:]
			each(path + " without the first")
		}
	case string:
		*v = altered(x)
		each(path)
	case float64:
		*v = x + 1
		each(path)
	case bool:
		*v = !x
		each(path)
	}
	*v = old
}

// altered changes a digit or letter, so that times and digests stay ones.
func altered(text string) string {
	at := strings.LastIndexAny(text, "0123456789abcdef")
	if at < 0 {
		return text + "x"
	}
	next := map[bool]string{true: "2", false: "1"}[text[at] == '1']
	return text[:at] + next + text[at+1:]
}

// TestCommitsThatNameForeignFiles: no key of a commit but the run's own is read.
func TestCommitsThatNameForeignFiles(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, smallRun)
	key := dataset.CommitKey(smallRun)
	for _, name := range []string{
		"../../etc/passwd", "/etc/passwd", "images/run=r3/../run=r2/part-000000.parquet", dataset.PartKey(dataset.Images, otherRun, 0, dataset.Parquet),
		"images%2frun=r3/part-000000.parquet", `images\run=r3\part-000000.parquet`, dataset.ReceiptKey(smallRun, 0), "", dataset.PartKey(dataset.Tags, smallRun, 0, dataset.Parquet),
		dataset.PartKey(dataset.Images, smallRun, 0, dataset.Arrow), dataset.PartKey(dataset.Images, smallRun, 7, dataset.Parquet),
	} {
		whole := s.read(key)
		editCommitOf(t, s.folder, smallRun, func(c *dataset.Commit) { c.Files[0].Key = name })
		r, err := verify.Run(t.Context(), s.o)
		if !errors.Is(err, jobs.ErrDamaged) || !slices.ContainsFunc(r.Problems, func(p verify.Problem) bool { return p.File == key && p.Check == "files" }) {
			t.Errorf("%q: report %v, error %v", name, r, err)
		}
		if r != nil && r.Files > 4 {
			t.Errorf("%q: %d files were read", name, r.Files)
		}
		s.write(key, whole)
	}
}

// TestADatasetBehindLinks is as good as any.
func TestADatasetBehindLinks(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, run)
	aside := t.TempDir()
	for _, name := range []string{"_runs", filepath.Dir(dataset.PartKey(dataset.Images, run, 0, dataset.Parquet)), dataset.PartKey(dataset.Tags, run, 0, dataset.Parquet)} {
		to := filepath.Join(aside, filepath.Base(name))
		ok(t, os.Rename(s.path(name), to))
		ok(t, os.Symlink(to, s.path(name)))
	}
	link := filepath.Join(aside, "lake")
	ok(t, os.Symlink(s.folder, link))
	s.o.Dataset = link
	s.passes()
}

// TestReportsAreBounded: a report lists some problems and counts all.
func TestReportsAreBounded(t *testing.T) {
	s := newSpoiled(t, dataset.Parquet, run)
	for i := range 10_050 {
		ok(t, os.WriteFile(s.path(fmt.Sprint(dataset.TablePrefix(dataset.Tags, run), "x", i)), nil, 0o644))
	}
	r, err := verify.Run(t.Context(), s.o)
	if !errors.Is(err, jobs.ErrDamaged) || len(r.Problems) != 10_000 || r.More != 50 {
		t.Errorf("%d problems and %d more, error %v", len(r.Problems), r.More, err)
	}
}
