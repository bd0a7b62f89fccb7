package tresnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// ImportOptions say what a checkpoint does not.
type ImportOptions struct {
	Rows, Dim int    // K and D; for a checkpoint with a head one of them will do
	InputSize int    // S; 0: 224
	Seed      uint64 // of a head that the checkpoint lacks
}

// Imported is a net from a checkpoint.
type Imported struct {
	Architecture Architecture
	Params       Params
	Seeded       bool     // the head is untrained: the checkpoint was an ImageNet backbone
	Dropped      []string // tensors that the net has no use for
}

const defaultInputSize = 224

// Import makes a net of a checkpoint's tensors: an SDL checkpoint, or an
// ImageNet backbone, whose classifier is dropped and replaced by a seeded head.
// Layers and width are inferred; names may have the prefixes of wrappers. Errors
// name the tensors that are missing, unexpected or misshapen. Values are shared
// with tensors. The names and norms of timm are understood, too.
func Import(tensors map[string]tensor.Tensor, o ImportOptions) (Imported, error) {
	result, err := rename(tensors)
	if err == nil {
		err = result.complete(o)
	}
	if err != nil {
		return Imported{}, fmt.Errorf("tresnet: checkpoint: %w", err)
	}
	return result, nil
}

func (r *Imported) complete(o ImportOptions) (err error) {
	_, trained := r.Params[EmbeddingWeight]
	if r.Architecture, err = Infer(r.Params, o); err != nil {
		return err
	}
	if !trained {
		r.Seeded = true
		spec := r.Architecture.embedding()
		r.Params[spec.Name] = spec.fill.tensor(spec.Shape, rand.New(rand.NewPCG(o.Seed, headStream)))
	}
	return r.Params.check(r.Architecture)
}

// HasHead reports whether a checkpoint's tensors have an embedding layer; an
// ImageNet backbone has none.
func HasHead(tensors map[string]tensor.Tensor) bool {
	for name := range tensors {
		if shorten(name) == EmbeddingWeight {
			return true
		}
	}
	return false
}

// Infer reads the architecture off a net's tensors: layers from their names,
// width and head from their shapes. It does not check the rest of them.
func Infer(p Params, o ImportOptions) (Architecture, error) {
	a := Architecture{Rows: o.Rows, Dim: o.Dim, InputSize: o.InputSize}
	if a.InputSize == 0 {
		a.InputSize = defaultInputSize
	}
	var err error
	if a.Layers, err = p.layers(); err != nil {
		return Architecture{}, err
	}
	if a.Width, err = p.width(); err != nil {
		return Architecture{}, err
	}
	if err := p.matrix(&a); err != nil {
		return Architecture{}, err
	}
	return a, a.Validate()
}

// layers counts the blocks that any tensor belongs to; gaps show up as missing
// tensors later.
func (p Params) layers() (counts [4]int, err error) {
	for name := range p {
		stage, block, ok := blockOf(name)
		if ok {
			counts[stage] = max(counts[stage], block+1)
		}
	}
	for i, n := range counts {
		if n == 0 {
			return counts, fmt.Errorf("no tensor of layer%d: this is no TResNet", i+1)
		}
	}
	return counts, nil
}

// blockOf splits "layer3.10.conv1.0.weight" into stage 2 and block 10.
func blockOf(name string) (stage, block int, ok bool) {
	rest, ok := strings.CutPrefix(name, "layer")
	parts := strings.SplitN(rest, ".", 3)
	if !ok || len(parts) < 3 {
		return 0, 0, false
	}
	stage, errStage := strconv.Atoi(parts[0])
	block, errBlock := strconv.Atoi(parts[1])
	ok = errStage == nil && errBlock == nil && stage >= 1 && stage <= 4 && block >= 0 && block < maxBlocks
	return stage - 1, block, ok
}

// width inverts int(64·width), preferring the widths that have names.
func (p Params) width() (float64, error) {
	name := Architecture{}.stem().weight
	t, ok := p[name]
	if !ok || len(t.Shape) != 4 {
		return 0, fmt.Errorf("%s is missing or not of rank 4: this is no TResNet", name)
	}
	for _, known := range presets {
		if known.planes() == t.Shape[0] {
			return known.Width, nil
		}
	}
	return float64(t.Shape[0]) / 64, nil
}

// ErrNoHead says that a backbone was given without the shape of its new head.
var ErrNoHead = errors.New("an ImageNet backbone has no embedding layer: the rows and dim of a new one must be given")

// matrix completes Rows and Dim from each other and the head's size.
func (p Params) matrix(a *Architecture) error {
	t, ok := p[EmbeddingWeight]
	if !ok {
		if a.Rows < 1 || a.Dim < 1 {
			return ErrNoHead
		}
		return nil
	}
	if len(t.Shape) != 2 {
		return fmt.Errorf("%s has rank %d, want 2", EmbeddingWeight, len(t.Shape))
	}
	known := max(a.Rows, a.Dim)
	switch total := t.Shape[0]; {
	case a.Rows > 0 && a.Dim > 0 && a.Rows*a.Dim != total:
		return fmt.Errorf("%s has %d rows, not %d·%d", EmbeddingWeight, total, a.Rows, a.Dim)
	case a.Rows > 0 && a.Dim > 0:
	case known < 1:
		return errors.New("the matrix's shape is not in a checkpoint: rows or dim must be given")
	case total%known != 0:
		return fmt.Errorf("%s has %d rows, no multiple of %d", EmbeddingWeight, total, known)
	case a.Rows > 0:
		a.Dim = total / a.Rows
	default:
		a.Rows = total / a.Dim
	}
	return nil
}
