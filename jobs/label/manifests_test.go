package label_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// manifests writes a lake's manifest in each format, with an id in a column of its
// own where the format has columns, by the extension of the name.
func (l *lake) manifests(t *testing.T) map[string][]byte {
	t.Helper()
	var ids []int64
	var lines, objects bytes.Buffer
	separated := map[rune]*bytes.Buffer{',': {}, '\t': {}}
	for comma, to := range separated {
		w := csv.NewWriter(to)
		w.Comma = comma
		ok(t, w.Write([]string{"id", "uri"}))
		for i, name := range l.names {
			ok(t, w.Write([]string{fmt.Sprint(i), name}))
		}
		w.Flush()
	}
	for i, name := range l.names {
		ids = append(ids, int64(i))
		fmt.Fprintln(&lines, name)
		ok(t, json.NewEncoder(&objects).Encode(map[string]any{"id": i, "uri": name}))
	}
	parquet, err := columnartest.Parquet(columnartest.Options{GroupRows: 7}, columnartest.Column{Name: "id", Values: ids}, columnartest.Column{Name: "uri", Values: l.names})
	ok(t, err)
	out := map[string][]byte{"parquet": parquet}
	for name, text := range map[string][]byte{"txt": lines.Bytes(), "csv": separated[','].Bytes(), "tsv": separated['\t'].Bytes(), "jsonl": objects.Bytes()} {
		out[name], out[name+".gz"], out[name+".zst"] = text, compressed(t, gzip.NewWriter, text), compressed(t, newZstd, text)
	}
	return out
}

func newZstd(w io.Writer) *zstd.Encoder {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z
}

func compressed[W io.WriteCloser](t testing.TB, by func(io.Writer) W, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := by(&out)
	_, err := w.Write(text)
	ok(t, errors.Join(err, w.Close()))
	return out.Bytes()
}

// TestEveryManifestGivesTheSameTables: whatever format and compression the rows
// come in.
func TestEveryManifestGivesTheSameTables(t *testing.T) {
	l := local(t)
	l.mustRun(t, l.options)
	want := l.read(t, "r1")
	for name, data := range l.manifests(t) {
		put(t, l.in, "images."+name, data)
		o := l.options
		o.Manifest, o.RunID = filepath.Join(l.in.URI(), "images."+name), "of-"+name
		if !strings.HasPrefix(name, "txt") {
			o.Carry = []string{"id"}
		}
		l.mustRun(t, o)
		same(t, want, l.read(t, o.RunID))
		if o.Carry != nil {
			l.checkIDs(t, o.RunID)
		}
		kept := slices.DeleteFunc(keys(t, l.out, "_runs/"+o.RunID+"/"), func(key string) bool { return !strings.Contains(key, "/manifest/") })
		if (len(kept) == 1) != (strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".zst")) || len(kept) > 1 {
			t.Errorf("%s: rows kept in %q", name, kept)
		}
	}
}

// checkIDs checks that each row carries its number.
func (l *lake) checkIDs(t *testing.T, run string) {
	t.Helper()
	commit, err := dataset.ReadCommit(t.Context(), l.out, run)
	ok(t, err)
	for _, f := range commit.Files {
		if f.Table != dataset.Images {
			continue
		}
		data, _, err := l.out.ReadAll(t.Context(), f.Key, 1<<20)
		ok(t, err)
		file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		ok(t, err)
		ok(t, file.Images(t.Context(), []string{"id"}, func(i columnar.Image) error {
			if i.Carried[0] != fmt.Sprint(i.Row) {
				t.Errorf("%s: row %d carries %q", run, i.Row, i.Carried)
			}
			return nil
		}))
	}
}

// gzipped is the lake's own manifest, compressed, and a run of it.
func (l *lake) gzipped(t *testing.T) label.Options {
	t.Helper()
	put(t, l.in, "images.txt.gz", compressed(t, gzip.NewWriter, []byte(strings.Join(l.names, "\n"))))
	o := l.options
	folder, query, hasQuery := strings.Cut(l.options.Manifest, "?")
	if o.Manifest = folder + ".gz"; hasQuery {
		o.Manifest += "?" + query
	}
	return o
}

// TestAResumedRunReadsTheRowsThatItKeeps, and rewrites none.
func TestAResumedRunReadsTheRowsThatItKeeps(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.gzipped(t)
		l.interrupt(t, o, 2)
		plan, err := dataset.ReadPlan(t.Context(), l.out, "r1")
		ok(t, err)
		kept := plan.Manifest.Kept
		before, err := l.out.Stat(t.Context(), kept.Key)
		ok(t, err)
		s, _ := l.mustRun(t, o)
		l.read(t, "r1")
		after, err := l.out.Stat(t.Context(), kept.Key)
		ok(t, err)
		if s.ResumedRows == 0 || kept.Bytes != before.Size || before.Version != after.Version || plan.Manifest.Compression != "gzip" {
			t.Errorf("%d rows resumed; kept %+v, %+v before and %+v after", s.ResumedRows, kept, before, after)
		}
		if found := keys(t, l.out, "_runs/r1/manifest/"); len(found) != 1 {
			t.Errorf("kept %q", found)
		}
	})
}

func TestDamagedKeptRowsEndTheRun(t *testing.T) {
	l := local(t)
	o := l.gzipped(t)
	l.interrupt(t, o, 1)
	plan, err := dataset.ReadPlan(t.Context(), l.out, "r1")
	ok(t, err)
	ok(t, l.out.Delete(t.Context(), plan.Manifest.Kept.Key))
	if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrDamaged) || !strings.Contains(err.Error(), plan.Manifest.Kept.Key) {
		t.Errorf("error %v", err)
	}
}

// TestPlannersOfOneRunDoNotDisturbOneAnother: each writes rows of its own, and
// those that no plan names are deleted. Blank lines, which are no rows, keep the
// planners busy until all have begun to write.
func TestPlannersOfOneRunDoNotDisturbOneAnother(t *testing.T) {
	l := local(t)
	o := l.gzipped(t)
	blank := strings.Repeat(strings.Repeat(" ", 60_000)+"\n", 500)
	put(t, l.in, "images.txt.gz", compressed(t, gzip.NewWriter, []byte(strings.Join(l.names, "\n")+"\n"+blank)))
	var all sync.WaitGroup
	plans := make([]*dataset.Plan, 6)
	errs := make([]error, len(plans))
	for i := range plans {
		all.Go(func() {
			mine := o
			mine.ShardRows = int64(1 + i%3) // performance, but frames differ
			plans[i], errs[i] = label.Plan(t.Context(), mine)
		})
	}
	all.Wait()
	ok(t, errors.Join(errs...))
	for _, p := range plans {
		if diff := cmp.Diff(plans[0], p); diff != "" {
			t.Fatal(diff)
		}
	}
	if found := keys(t, l.out, "_runs/r1/manifest/"); !slices.Equal(found, []string{plans[0].Manifest.Kept.Key}) {
		t.Errorf("kept %q, the plan names %q", found, plans[0].Manifest.Kept.Key)
	}
	l.mustRun(t, o)
	l.read(t, "r1")
}

// TestAnotherRunOfTheNameLeavesNothing: the id is taken by a run of other images.
func TestAnotherRunOfTheNameLeavesNothing(t *testing.T) {
	l := local(t)
	_, err := label.Plan(t.Context(), l.options)
	ok(t, err)
	before := keys(t, l.out, "")
	var other *label.OtherRunError
	if _, err := label.Plan(t.Context(), l.gzipped(t)); !errors.As(err, &other) {
		t.Errorf("error %v", err)
	}
	if after := keys(t, l.out, ""); !slices.Equal(before, after) {
		t.Errorf("files %q, before %q", after, before)
	}
}

// TestACompressedManifestThatChangesIsAnotherRun.
func TestACompressedManifestThatChangesIsAnotherRun(t *testing.T) {
	l := local(t)
	o := l.gzipped(t)
	l.interrupt(t, o, 1)
	l.names = append(l.names, l.names[0])
	l.gzipped(t)
	if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "manifest content") {
		t.Errorf("error %v", err)
	}
}

func TestManifestsThatCannotBeReadAreRefused(t *testing.T) {
	l := local(t)
	text := []byte(strings.Repeat("scenes/00.png\n", 500))
	for name, c := range map[string]struct {
		data  []byte
		words string
	}{
		"cut.txt.gz":   {compressed(t, gzip.NewWriter, text)[:40], "ends in the middle"},
		"cut.txt.zst":  {compressed(t, newZstd, text)[:30], "ends in the middle"},
		"text.parquet": {text, "is no Parquet file"},
	} {
		put(t, l.in, name, c.data)
		o := l.options
		o.Manifest = filepath.Join(l.in.URI(), name)
		_, _, err := l.run(t.Context(), o, nil)
		if !errors.Is(err, jobs.ErrConfig) || errors.Is(err, storage.ErrTransient) || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found := keys(t, l.out, ""); len(found) > 0 {
		t.Errorf("written: %q", found)
	}
}
