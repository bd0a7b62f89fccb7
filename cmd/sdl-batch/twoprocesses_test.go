package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestTwoProcesses starts the program twice at the same time.
func TestTwoProcesses(t *testing.T) {
	s := newSite(t)
	v := s.visit(t)
	want := rowsOf(t, filepath.Join(v.dir, "verified"), "v")
	if len(want) != 48 {
		t.Fatalf("%d rows", len(want))
	}
	for name, output := range map[string]string{"on a disk": filepath.Join(v.dir, "out"), "on a store": v.uri("out")} {
		t.Run(name, func(t *testing.T) {
			t.Run("with one run id", func(t *testing.T) { oneID(t, v, output, want) })
			t.Run("without a run id", func(t *testing.T) { noID(t, v, output, want) })
			t.Run("with two manifests", func(t *testing.T) { twoManifests(t, v, output, want) })
			t.Run("with two manifests and one run id", func(t *testing.T) { oneIDForTwo(t, v, output) })
		})
	}
}

// both starts the program with two command lines at once, and returns the
// summaries of those that end with 0.
func both(t *testing.T, v *visit, lines ...[]string) (all [2]struct {
	label.Summary
	status int
	said   string
}) {
	t.Helper()
	var processes [2]*started
	var out [2]bytes.Buffer
	for i := range all {
		processes[i] = v.beginTo(t, &out[i], append([]string{"run", "--json", "--shard-rows", "7", "--threads", "1"}, lines[i%len(lines)]...)...)
	}
	for i, p := range processes {
		p.command.Wait()
		all[i].status, all[i].said = p.command.ProcessState.ExitCode(), p.words.String()
		if all[i].status != exitDone {
			continue
		}
		if err := json.Unmarshal(out[i].Bytes(), &all[i].Summary); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// mustBe checks the rows of a run, and what verify says of it.
func (v *visit) mustBe(t *testing.T, output, run string, want map[int64]string) {
	t.Helper()
	v.begin(t, "verify", output, "--run-id", run, "--all").mustEnd(t, exitDone)
	if diff := cmp.Diff(want, rowsOf(t, output, run)); diff != "" {
		t.Errorf("run %s: %s", run, diff)
	}
}

// rowsOf are the rows of a run by number: what tables say that does not depend on
// when and by whom it was made.
func rowsOf(t *testing.T, output, run string) map[int64]string {
	t.Helper()
	b, err := storage.Open(t.Context(), output)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	rows := map[int64]string{}
	for part, err := range b.List(t.Context(), dataset.TablePrefix(dataset.Images, run)) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(part.Key, "_SUCCESS") {
			continue
		}
		data, _, err := b.ReadAll(t.Context(), part.Key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Images(t.Context(), nil, func(i columnar.Image) error {
			if rows[i.Row] != "" {
				t.Errorf("row %d is there twice", i.Row)
			}
			var tags []string
			for _, tag := range append(append([]columnar.RankedTag{}, i.Seen...), i.Unseen...) {
				tags = append(tags, tag.Tag)
			}
			rows[i.Row] = fmt.Sprint(i.URI, i.Status, i.Stage, i.Code, i.SHA256, tags)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// oneID: both work on the run, every shard counts once, and both end well.
func oneID(t *testing.T, v *visit, output string, want map[int64]string) {
	for i := range 2 {
		id := fmt.Sprint("one-", i)
		for _, p := range both(t, v, []string{"--manifest", "images.txt", "--output", output, "--run-id", id}) {
			if p.status != exitDone || p.RunID != id || p.Rows != 48 || p.OK != 48 {
				t.Errorf("status %d, %+v: %s", p.status, p.Summary, p.said)
			}
		}
		v.mustBe(t, output, id, want)
	}
}

// noID: each makes a run of its own, or one joins the other's; both are whole.
func noID(t *testing.T, v *visit, output string, want map[int64]string) {
	shared, rounds := 0, 2
	for range rounds {
		ids := map[string]bool{}
		for _, p := range both(t, v, []string{"--manifest", "images.txt", "--output", output}) {
			if p.status != exitDone || p.OK != 48 {
				t.Errorf("status %d, %+v: %s", p.status, p.Summary, p.said)
				continue
			}
			ids[p.RunID] = true
		}
		for id := range ids {
			v.mustBe(t, output, id, want)
		}
		shared += 2 - len(ids)
	}
	t.Logf("%d of %d times they shared a run", shared, rounds)
}

// twoManifests in one dataset: two runs, each with its own rows.
func twoManifests(t *testing.T, v *visit, output string, want map[int64]string) {
	half := map[int64]string{}
	var list strings.Builder
	for i := range int64(24) {
		half[i] = want[24+i]
		fmt.Fprintf(&list, "set/000/scene-%06d.png\n", 24+i)
	}
	if err := os.WriteFile(filepath.Join(v.dir, "half.txt"), []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	p := both(t, v, []string{"--manifest", "images.txt", "--output", output}, []string{"--manifest", "half.txt", "--output", output})
	if p[0].status != exitDone || p[1].status != exitDone || p[0].RunID == p[1].RunID {
		t.Fatalf("%+v", p)
	}
	v.mustBe(t, output, p[0].RunID, want)
	v.mustBe(t, output, p[1].RunID, half)
}

// oneIDForTwo: the first to plan has the id, the other is told what differs.
func oneIDForTwo(t *testing.T, v *visit, output string) {
	p := both(t, v, []string{"--manifest", "images.txt", "--output", output, "--run-id", "both"}, []string{"--manifest", "half.txt", "--output", output, "--run-id", "both"})
	if p[0].status > p[1].status {
		p[0], p[1] = p[1], p[0]
	}
	if p[0].status != exitDone || p[1].status != exitConfig || !strings.Contains(p[1].said, "manifest content: the run has ") {
		t.Errorf("%+v", p)
	}
	v.begin(t, "verify", output, "--run-id", "both").mustEnd(t, exitDone)
}
