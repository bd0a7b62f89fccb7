package loop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// stateOf is a state that differs for each step.
func stateOf(number int64) (s step.State, average tresnet.Params) {
	of := func(x int64) tresnet.Params {
		return tresnet.Params{"w": tensor.Tensor{Shape: []int{2, 1}, Values: []float32{float32(x), 0.5}}}
	}
	return step.State{Params: of(number), First: of(number + 100), Second: of(number + 200)}, of(number + 300)
}

// save writes the checkpoint of a step, with the best epoch at another.
func save(t *testing.T, s *Store, at, best int64) Progress {
	t.Helper()
	state, average := stateOf(at)
	p := Progress{Step: at, Place: 8 * at, Images: 7 * at, Watch: Watch{Level: 1.5, Smooth: 1.25}}
	if best > 0 {
		file, err := s.SaveBest(t.Context(), best, average)
		ok(t, err)
		p.Best = &Best{Epoch: 1, Step: best, Metrics: map[string]float64{"m": 0.1}, File: file}
	}
	ok(t, s.Save(t.Context(), p, state, average))
	return p
}

func (s *Store) names(t *testing.T) (names []string) {
	t.Helper()
	for o, err := range s.Bucket.List(t.Context(), s.Folder) {
		ok(t, err)
		names = append(names, strings.TrimPrefix(o.Key, s.Folder))
	}
	return names
}

// loaded checks that the newest usable checkpoint is that of a step, and returns
// what was passed over.
func loaded(t *testing.T, s *Store, want Progress) []string {
	t.Helper()
	r, skipped, err := s.Load(t.Context())
	ok(t, err)
	if r == nil {
		t.Fatalf("no checkpoint; passed over: %v", skipped)
	}
	state, average := stateOf(want.Step)
	if !reflect.DeepEqual(r.Progress, want) || !reflect.DeepEqual(r.State, state) || !reflect.DeepEqual(r.Average, average) {
		t.Errorf("loaded %+v, want %+v", r, want)
	}
	var words []string
	for _, err := range skipped {
		words = append(words, err.Error())
	}
	return words
}

func TestCheckpointsComeBack(t *testing.T) {
	s := newStore(t)
	if r, skipped, err := s.Load(t.Context()); r != nil || len(skipped) > 0 || err != nil {
		t.Errorf("of nothing: %v, %v, %v", r, skipped, err)
	}
	for at := int64(1); at <= 12; at += 3 {
		want := save(t, s, at, at/5*5)
		if skipped := loaded(t, s, want); len(skipped) > 0 {
			t.Errorf("passed over %q", skipped)
		}
	}
	want := []string{"000000007.json", "000000007.safetensors", "000000010.json", "000000010.safetensors", "best-000000005.safetensors", "best-000000010.safetensors"}
	if got := s.names(t); !slices.Equal(got, want) {
		t.Errorf("kept are %q", got)
	}
	ok(t, s.Clear(t.Context()))
	if got := s.names(t); len(got) > 0 {
		t.Errorf("left are %q", got)
	}
	state, _ := stateOf(3)
	ok(t, s.Save(t.Context(), Progress{Step: 3}, state, nil))
	if r, _, err := s.Load(t.Context()); err != nil || len(r.Average) > 0 {
		t.Errorf("%+v, error %v", r, err)
	}
}

// A checkpoint whose best epoch is gone could not end the training.
func TestACheckpointNeedsItsBestEpoch(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, folder string){
		"gone":    remove("best-000000006.safetensors"),
		"altered": edit("best-000000006.safetensors", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			older := save(t, s, 4, 3)
			save(t, s, 6, 6)
			damage(t, filepath.Join(s.Bucket.URI(), s.Folder))
			if skipped := loaded(t, s, older); len(skipped) != 1 || !strings.Contains(skipped[0], "best epoch") {
				t.Errorf("passed over %q", skipped)
			}
		})
	}
}

// Another process may have written the tensors of a best epoch and be about to
// name them.
func TestPruningLeavesLaterFiles(t *testing.T) {
	s := newStore(t)
	save(t, s, 2, 0)
	save(t, s, 4, 0)
	state, _ := stateOf(9)
	_, err := s.SaveBest(t.Context(), 9, state.Params)
	ok(t, err)
	save(t, s, 6, 0)
	if got := s.names(t); !slices.Contains(got, "best-000000009.safetensors") || slices.Contains(got, "000000002.json") {
		t.Errorf("kept are %q", got)
	}
}

// TestDamagedCheckpointsArePassedOver: with a reason, for the one before.
func TestDamagedCheckpointsArePassedOver(t *testing.T) {
	const newest = "000000006"
	for name, c := range map[string]struct {
		damage func(t *testing.T, folder string)
		want   string
	}{
		"a flipped bit":       {edit(newest+".safetensors", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "000000006.safetensors is not what was written"},
		"tensors torn":        {edit(newest+".safetensors", func(b []byte) []byte { return b[:len(b)/2] }), "is not what was written"},
		"tensors too long":    {edit(newest+".safetensors", func(b []byte) []byte { return append(b, 0) }), "too large"},
		"no tensors":          {remove(newest + ".safetensors"), "does not exist"},
		"description torn":    {edit(newest+".json", func(b []byte) []byte { return b[:len(b)/2] }), "unexpected end of JSON"},
		"description empty":   {edit(newest+".json", func([]byte) []byte { return nil }), "unexpected end of JSON"},
		"description foreign": {edit(newest+".json", func([]byte) []byte { return []byte("[1]") }), "cannot unmarshal"},
		"description huge":    {edit(newest+".json", func([]byte) []byte { return make([]byte, maxProgress+1) }), "too large"},
		"a path upwards":      {rename("../../secret"), `tensors "../../secret"`},
		"a folder":            {rename("sub/000000006.safetensors"), `tensors "sub/000000006.safetensors"`},
		"a backslash":         {rename(`..\secret`), `tensors "..\\secret"`},
		"the folder above":    {rename(".."), ""},
		"the folder":          {rename("."), ""},
		"no name":             {rename(""), ""},
		"negative bytes":      {change(func(c *checkpoint) { c.State.Bytes = -1 }), "of -1 bytes"},
		"too many bytes":      {change(func(c *checkpoint) { c.State.Bytes = 1 << 60 }), "of 1152921504606846976 bytes"},
		"a negative step":     {change(func(c *checkpoint) { c.Progress.Step = -6 }), "step -6 of epoch 0"},
		"a negative place":    {change(func(c *checkpoint) { c.Progress.Place = -1 }), "at place -1"},
		"an end without best": {change(func(c *checkpoint) { c.Progress.Ended = AllSteps }), `ended "all steps"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			save(t, s, 2, 0)
			older := save(t, s, 4, 0)
			save(t, s, 6, 0)
			c.damage(t, filepath.Join(s.Bucket.URI(), s.Folder))
			skipped := loaded(t, s, older)
			if len(skipped) != 1 || !strings.HasPrefix(skipped[0], "checkpoint 000000006.json: ") || !strings.Contains(skipped[0], c.want) {
				t.Errorf("passed over %q, want %q", skipped, c.want)
			}
			// The training goes on from there and comes by again.
			save(t, s, 5, 0)
			if _, _, err := s.Load(t.Context()); err != nil {
				t.Error(err)
			}
			if skipped := loaded(t, s, save(t, s, 6, 0)); len(skipped) > 0 {
				t.Errorf("passed over %q", skipped)
			}
		})
	}
}

// edit changes a file of the folder.
func edit(name string, change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, folder string) {
		data, err := os.ReadFile(filepath.Join(folder, name))
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(folder, name), change(data), 0o600))
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, folder string) { ok(t, os.Remove(filepath.Join(folder, name))) }
}

// change alters the newest description.
func change(alter func(*checkpoint)) func(*testing.T, string) {
	return edit("000000006.json", func(text []byte) []byte {
		var c checkpoint
		if err := json.Unmarshal(text, &c); err != nil {
			panic(err)
		}
		alter(&c)
		text, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		return text
	})
}

func rename(name string) func(*testing.T, string) {
	return change(func(c *checkpoint) { c.State.Name = name })
}

// TestAKillBetweenTheFilesCostsOneCheckpoint: tensors without their description
// do not count, nor does what never became a file.
func TestAKillBetweenTheFilesCostsOneCheckpoint(t *testing.T) {
	s := newStore(t)
	want := save(t, s, 2, 0)
	state, _ := stateOf(4)
	_, err := s.put(t.Context(), "000000004.safetensors", state.Params)
	ok(t, err)
	failed := errors.New("cut off")
	if err := s.write(t.Context(), "000000006.json", func(w io.Writer) error {
		fmt.Fprint(w, "{")
		return failed
	}); !errors.Is(err, failed) {
		t.Error(err)
	}
	if skipped := loaded(t, s, want); len(skipped) > 0 {
		t.Errorf("passed over %q", skipped)
	}
}

func TestAStoreThatDoesNotAnswerIsNoDamage(t *testing.T) {
	s := newStore(t)
	save(t, s, 2, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, _, err := s.Load(ctx); r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, error %v", r, err)
	}
	if os.Geteuid() == 0 {
		return
	}
	ok(t, os.Chmod(filepath.Join(s.Bucket.URI(), s.Folder, "000000002.json"), 0))
	if r, skipped, err := s.Load(t.Context()); r != nil || err == nil {
		t.Errorf("without permission: %v, %v", r, skipped)
	}
}
