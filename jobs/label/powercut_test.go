package label_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/storagetest/powercut"
)

// cuts are the kinds of power cuts that are tried after each system call.
var cuts = []powercut.Cut{powercut.Nothing, powercut.Names, powercut.Removals, powercut.All, powercut.Some, powercut.Some}

// completions are how many states of a run are completed, each of another kind.
const completions = 15

// trace labels in a process of its own and returns what it did in the folder.
func trace(t *testing.T, o label.Options, folder string) []powercut.Event {
	t.Helper()
	options, err := json.Marshal(o)
	ok(t, err)
	executable, err := os.Executable()
	ok(t, err)
	var words strings.Builder
	c := exec.Command(executable)
	c.Env, c.Stderr = append(os.Environ(), childEnv+"="+string(options), "GORACE=atexit_sleep_ms=0"), &words
	events, err := powercut.Run(t, c, folder)
	if err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	return events
}

// cutAt replays events on a disk and calls visit with each state, once, that a
// power cut may leave, but for those after a mere write.
func cutAt(t *testing.T, d *powercut.Disk, events []powercut.Event, visit func(at int, c powercut.Cut, s powercut.State)) {
	t.Helper()
	random, known := rand.New(rand.NewPCG(3, 4)), map[string]bool{}
	for i, e := range events {
		ok(t, d.Do(e))
		if e.Op == "write" {
			continue
		}
		for _, c := range cuts {
			s := d.After(c, random)
			if key := s.Key(); !known[key] {
				known[key] = true
				visit(i, c, s)
			}
		}
	}
}

// TestPowerCuts replays a loss of power after every system call of a run: a record
// that is there is whole, and what it tells of is there in full. From a state of
// each kind the same command then completes the run.
func TestPowerCuts(t *testing.T) {
	for name, format := range map[string]string{"text to Parquet": "", "gzip to Arrow": dataset.Arrow} {
		t.Run(name, func(t *testing.T) {
			l := local(t)
			want := l.undisturbed(t)
			o := l.options
			if o.ShardRows, o.Format = 8, format; format != "" {
				o.Manifest = l.gzipped(t).Manifest
			}
			base := t.TempDir()
			o.Output, o.RunID = base+"/deep/out", "cut"
			events := trace(t, o, base)
			tried, sample := 0, map[string]powercut.State{}
			cutAt(t, powercut.NewDisk(), events, func(at int, c powercut.Cut, s powercut.State) {
				tried++
				kind, err := checkCut(t.Context(), s.Below("deep/out/"), o.RunID)
				if err != nil {
					t.Errorf("power cut after %s %s, which leaves %s: %v", events[at].Op, events[at].Path, c, err)
				}
				sample[string(c)+": "+kind] = s
			})
			kinds := slices.Sorted(maps.Keys(sample))
			for i := range completions {
				kind := kinds[i*len(kinds)/completions]
				l.completes(t, o, kind, sample[kind], want)
			}
			t.Logf("%d system calls, %d states of %d kinds, %d of them completed", len(events), tried, len(kinds), completions)
		})
	}
}

// TestPowerCutsAfterAKill has a process killed, a second one go on from what it
// left, and the power cut at every system call of the second: what the first one had
// named and not made durable is the second one's to answer for.
func TestPowerCutsAfterAKill(t *testing.T) {
	l := local(t)
	o := l.options
	base := t.TempDir()
	o.Output, o.RunID, o.ShardRows = base+"/out", "cut", 10
	events := trace(t, o, base)
	states, first := 0, powercut.NewDisk()
	tried := map[string]bool{}
	for i, e := range events {
		ok(t, first.Do(e))
		kind, named := kindOf(e)
		if tried[kind] || !named {
			continue
		}
		tried[kind] = true
		folder := t.TempDir()
		left := first.After(powercut.All, nil)
		ok(t, left.Write(folder))
		o.Output = folder + "/out"
		second := trace(t, o, folder)
		cutAt(t, first.Clone(), second, func(at int, c powercut.Cut, s powercut.State) {
			states++
			if _, err := checkCut(t.Context(), s.Below("out/"), o.RunID); err != nil {
				t.Errorf("killed after %s %s (call %d), power cut after %s %s, which leaves %s: %v", e.Op, e.Path, i, second[at].Op, second[at].Path, c, err)
			}
		})
	}
	t.Logf("killed after %d kinds of calls, %d states", len(tried), states)
}

// kindOf is what was named by a call and is not durable yet: a folder or an object,
// without the numbers of shards, of one table for all.
func kindOf(e powercut.Event) (kind string, named bool) {
	name := e.To
	if e.Op == "mkdir" {
		name = e.Path + "/"
	}
	for _, table := range []string{dataset.Images, dataset.Tags, dataset.Embeddings, "probe"} {
		if strings.Contains(name, table) {
			return "", false
		}
	}
	return numbered.ReplaceAllString(name, "N"), name != ""
}

// numbered is the name of a shard's file or folder.
var numbered = regexp.MustCompile(`0000[^/]*`)

// undisturbed are the rows of a run that nothing befell.
func (l *lake) undisturbed(t *testing.T) tables {
	t.Helper()
	o := l.options
	o.RunID = "undisturbed"
	l.mustRun(t, o)
	return l.read(t, o.RunID)
}

// completes writes a state to the disk and runs the same command on it.
func (l *lake) completes(t *testing.T, o label.Options, kind string, s powercut.State, want tables) {
	t.Helper()
	folder := t.TempDir()
	ok(t, s.Write(folder))
	o.Output = folder + "/deep/out"
	there := *l
	there.out = open(t, o.Output)
	if _, _, err := there.run(t.Context(), o, nil); err != nil {
		t.Errorf("%s: the same command: %v", kind, err)
		return
	}
	same(t, want, there.read(t, o.RunID))
}

// checkCut checks a dataset as a loss of power left it, and tells how far the run had
// come.
func checkCut(ctx context.Context, s powercut.State, run string) (kind string, err error) {
	b, err := storage.Open(ctx, fmt.Sprintf("mem://cut-%d", rand.Int64()))
	if err != nil {
		return "", err
	}
	defer b.Close()
	parts, done := 0, 0
	for name, data := range s {
		if strings.HasSuffix(name, "/") || strings.HasPrefix(filepath.Base(name), ".sdl-") {
			continue
		}
		if err := b.WriteObject(ctx, name, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return "", err
		}
		if !strings.HasPrefix(name, "_runs/") {
			parts++
		}
		if strings.HasSuffix(name, "_SUCCESS") {
			done++
		}
	}
	defer func() {
		for name := range s {
			b.Delete(ctx, name)
		}
	}()
	return checkRecords(ctx, b, run, parts, done)
}

// checkRecords: a plan has the rows it keeps; receipts have a plan, the vocabulary
// and their files; parts have all receipts; a commit has all of these; markers have a
// commit.
func checkRecords(ctx context.Context, b *storage.Bucket, run string, parts, markers int) (kind string, err error) {
	plan, err := dataset.ReadPlan(ctx, b, run)
	if errors.Is(err, storage.ErrNotExist) {
		for o := range b.List(ctx, dataset.ReceiptsPrefix(run)) {
			return "", fmt.Errorf("%s without a plan", o.Key)
		}
		if parts > 0 {
			return "", fmt.Errorf("%d parts without a plan", parts)
		}
		return "no plan", nil
	}
	if err != nil {
		return "", err
	}
	if kept := plan.Manifest.Kept; kept != nil {
		if err := holds(ctx, b, kept.Key, kept.Bytes, kept.SHA256); err != nil {
			return "", fmt.Errorf("kept rows: %w", err)
		}
	}
	receipts, err := checkReceipts(ctx, b, plan)
	if err != nil {
		return "", err
	}
	if parts > 0 && receipts < len(plan.Shards) {
		return "", fmt.Errorf("%d parts with %d of %d receipts", parts, receipts, len(plan.Shards))
	}
	commit, err := dataset.ReadCommit(ctx, b, run)
	if errors.Is(err, storage.ErrNotExist) {
		if markers > 0 {
			return "", fmt.Errorf("%d markers without a commit", markers)
		}
		return fmt.Sprintf("%d receipts, parts %v", receipts, parts > 0), nil
	}
	if err != nil {
		return "", err
	}
	for _, f := range commit.Files {
		if err := holds(ctx, b, f.Key, f.Bytes, f.SHA256); err != nil {
			return "", fmt.Errorf("committed: %w", err)
		}
	}
	return fmt.Sprintf("committed, %d markers", markers), nil
}

// checkReceipts counts the receipts and looks for all that they name.
func checkReceipts(ctx context.Context, b *storage.Bucket, plan *dataset.Plan) (n int, err error) {
	for shard := range plan.Shards {
		r, err := dataset.ReadReceipt(ctx, b, plan, shard)
		if errors.Is(err, storage.ErrNotExist) {
			continue
		}
		if err != nil {
			return n, err
		}
		n++
		if _, err := b.Stat(ctx, dataset.VocabKey(plan.RunID)); err != nil {
			return n, fmt.Errorf("receipt %d: %w", shard, err)
		}
		for _, f := range r.Files {
			if err := holds(ctx, b, f.Key, f.Bytes, f.SHA256); err != nil {
				return n, fmt.Errorf("receipt %d: %w", shard, err)
			}
		}
	}
	return n, nil
}

// holds tells what an object lacks of what a record says of it.
func holds(ctx context.Context, b *storage.Bucket, key string, size int64, digest string) error {
	data, _, err := b.ReadAll(ctx, key, 1<<30)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); int64(len(data)) != size || hex.EncodeToString(sum[:]) != digest {
		return fmt.Errorf("%s has %d bytes of %d, or others", key, len(data), size)
	}
	return nil
}
