package loop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/step"
)

// Store keeps checkpoints in a folder of a bucket:
//
//	000000120.safetensors   the tensors after 120 steps
//	000000120.json          where the training stood; written after the tensors
//	best-000000100.safetensors
//
// Both appear whole or not at all. A checkpoint counts if its tensors have the
// digest that its json tells; else the one before it does.
type Store struct {
	Bucket *storage.Bucket
	Folder string // ends with a slash
}

// Tensors names a file of tensors.
type Tensors struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// checkpoint is the content of a json file.
type checkpoint struct {
	Progress Progress `json:"progress"`
	State    Tensors  `json:"state"`
}

// Resumed is what a training goes on from.
type Resumed struct {
	Progress Progress
	State    step.State
	Average  tresnet.Params // empty where none is kept
}

const (
	kept            = 2 // checkpoints
	maxProgress     = 1 << 20
	maxTensorsBytes = 64 << 30
)

// prefixes of the tensors of a checkpoint.
const (
	paramPrefix   = "p/"
	firstPrefix   = "m/"
	secondPrefix  = "v/"
	averagePrefix = "a/"
)

// bestPrefix begins the names of the best epochs' files.
const bestPrefix = "best-"

// Save writes a checkpoint and removes those it makes superfluous.
func (s *Store) Save(ctx context.Context, p Progress, state step.State, average tresnet.Params) error {
	all := map[string]tensor.Tensor{}
	for prefix, part := range map[string]tresnet.Params{paramPrefix: state.Params, firstPrefix: state.First, secondPrefix: state.Second, averagePrefix: average} {
		for name, t := range part {
			all[prefix+name] = t
		}
	}
	name := fmt.Sprintf("%09d", p.Step)
	file, err := s.put(ctx, name+".safetensors", all)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(checkpoint{p, file}, "", "  ")
	if err != nil {
		return err
	}
	if err := s.write(ctx, name+".json", func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	return s.prune(ctx)
}

// SaveBest writes the tensors of the best epoch.
func (s *Store) SaveBest(ctx context.Context, step int64, p tresnet.Params) (Tensors, error) {
	return s.put(ctx, fmt.Sprintf("%s%09d.safetensors", bestPrefix, step), p)
}

// put writes a file of tensors.
func (s *Store) put(ctx context.Context, name string, tensors map[string]tensor.Tensor) (Tensors, error) {
	sum := &summed{digest: sha256.New()}
	err := s.write(ctx, name, func(w io.Writer) error {
		sum.to = w
		return safetensors.Write(sum, tensors, nil)
	})
	return Tensors{Name: name, Bytes: sum.bytes, SHA256: hex.EncodeToString(sum.digest.Sum(nil))}, err
}

// summed counts and hashes what passes through.
type summed struct {
	to     io.Writer
	digest hash.Hash
	bytes  int64
}

func (s *summed) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.digest.Write(p[:n])
	s.bytes += int64(n)
	return n, err
}

func (s *Store) write(ctx context.Context, name string, content func(io.Writer) error) error {
	return s.Bucket.WriteObject(ctx, s.Folder+name, content)
}

// Load returns the newest usable checkpoint, nil where there is none. skipped
// tells of those that were damaged.
func (s *Store) Load(ctx context.Context) (r *Resumed, skipped []error, err error) {
	names, err := s.checkpoints(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Backward(names) {
		r, err := s.open(ctx, name)
		if err == nil {
			return r, skipped, nil
		}
		if ctx.Err() != nil || errors.Is(err, storage.ErrTransient) || errors.Is(err, storage.ErrPermission) {
			return nil, skipped, err
		}
		skipped = append(skipped, fmt.Errorf("checkpoint %s: %w", name, err))
	}
	return nil, skipped, nil
}

// checkpoints are the names of the json files, oldest first.
func (s *Store) checkpoints(ctx context.Context) ([]string, error) {
	var names []string
	for object, err := range s.Bucket.List(ctx, s.Folder) {
		if err != nil {
			return nil, err
		}
		if name := strings.TrimPrefix(object.Key, s.Folder); strings.HasSuffix(name, ".json") {
			names = append(names, name)
		}
	}
	return names, nil
}

func (s *Store) open(ctx context.Context, name string) (*Resumed, error) {
	c, err := s.read(ctx, name)
	if err != nil {
		return nil, err
	}
	all, err := s.Tensors(ctx, c.State)
	if err != nil {
		return nil, err
	}
	if best := c.Progress.Best; best != nil {
		if _, err := s.Tensors(ctx, best.File); err != nil {
			return nil, fmt.Errorf("best epoch: %w", err) // a training could not end without it
		}
	}
	part := func(prefix string) tresnet.Params {
		p := tresnet.Params{}
		for name, t := range all {
			if key, ok := strings.CutPrefix(name, prefix); ok {
				p[key] = t
			}
		}
		return p
	}
	state := step.State{Params: part(paramPrefix), First: part(firstPrefix), Second: part(secondPrefix)}
	return &Resumed{Progress: c.Progress, State: state, Average: part(averagePrefix)}, nil
}

func (s *Store) read(ctx context.Context, name string) (checkpoint, error) {
	var c checkpoint
	text, _, err := s.Bucket.ReadAll(ctx, s.Folder+name, maxProgress)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, errors.Join(err, c.Progress.check())
}

// Tensors reads a file of tensors and checks its digest.
func (s *Store) Tensors(ctx context.Context, file Tensors) (tresnet.Params, error) {
	if strings.ContainsAny(file.Name, "/\\") || file.Bytes < 0 || file.Bytes > maxTensorsBytes {
		return nil, fmt.Errorf("tensors %q of %d bytes: %w", file.Name, file.Bytes, storage.ErrInvalid)
	}
	data, _, err := s.Bucket.ReadAll(ctx, s.Folder+file.Name, file.Bytes)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != file.SHA256 {
		return nil, fmt.Errorf("%s is not what was written", file.Name)
	}
	tensors, _, err := safetensors.Read(bytes.NewReader(data), int64(len(data)))
	return tensors, err
}

// prune removes all but the newest checkpoints and the tensors they name. Files of
// later steps than the oldest that is kept stay: another process may be about
// to name them.
func (s *Store) prune(ctx context.Context) error {
	names, err := s.checkpoints(ctx)
	if err != nil || len(names) <= kept {
		return err
	}
	wanted := map[string]bool{}
	for _, name := range names[len(names)-kept:] {
		c, err := s.read(ctx, name)
		if err != nil {
			return nil // a damaged one names nothing: leave all as it is
		}
		wanted[name], wanted[c.State.Name] = true, true
		if c.Progress.Best != nil {
			wanted[c.Progress.Best.File.Name] = true
		}
	}
	oldest := stepOf(names[len(names)-kept])
	return s.remove(ctx, func(name string) bool { return !wanted[name] && stepOf(name) < oldest })
}

// stepOf is the step in a file's name, as text that sorts by it.
func stepOf(name string) string {
	step, _, _ := strings.Cut(strings.TrimPrefix(name, bestPrefix), ".")
	return step
}

// Clear removes every checkpoint.
func (s *Store) Clear(ctx context.Context) error {
	return s.remove(ctx, func(string) bool { return true })
}

// remove deletes files: descriptions first, so that none is left without its
// tensors.
func (s *Store) remove(ctx context.Context, unwanted func(name string) bool) error {
	var descriptions, tensors []string
	for object, err := range s.Bucket.List(ctx, s.Folder) {
		if err != nil {
			return err
		}
		switch name := strings.TrimPrefix(object.Key, s.Folder); {
		case !unwanted(name):
		case strings.HasSuffix(name, ".json"):
			descriptions = append(descriptions, object.Key)
		default:
			tensors = append(tensors, object.Key)
		}
	}
	for _, key := range append(descriptions, tensors...) {
		if err := s.Bucket.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
