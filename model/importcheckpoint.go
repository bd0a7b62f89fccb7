package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
)

const (
	maxCheckpointBytes = 4 << 30
	defaultDim         = 300 // of the reference's word vectors
)

// weightKeys are where checkpoints keep their tensors, "" being the top. A
// model's own weights come before averaged ones.
var weightKeys = []string{"model", "state_dict", "net", "model_ema", "state_dict_ema", "ema", ""}

// ImportOptions says what a checkpoint does not. Zero values mean the default.
type ImportOptions struct {
	Rows, Dim int  // K and D; one follows from the other. By default D is 300; of a backbone, which needs K, that of the vocabulary
	Size      int  // S; 224
	Force     bool // replace another bundle at the same place
	BuildOptions
}

// ImportCheckpoint makes a bundle of the PyTorch checkpoint at one URI in the
// folder at another and returns it. Layers and width are inferred. A file that
// cannot be read is ErrCorrupt, one that holds another network ErrInvalid, a
// vocabulary of another dimension ErrMismatch.
func ImportCheckpoint(ctx context.Context, checkpointURI, outputURI string, opts ImportOptions) (*Bundle, error) {
	data, err := readObject(ctx, checkpointURI, maxCheckpointBytes)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	b, err := bundleOfCheckpoint(data, opts)
	if err != nil {
		return nil, fmt.Errorf("import checkpoint %s: %w", storage.Redact(checkpointURI), err)
	}
	return WriteBundle(ctx, outputURI, b, WriteOptions{Force: opts.Force})
}

func bundleOfCheckpoint(data []byte, opts ImportOptions) (*Bundle, error) {
	tensors, unread, err := checkpointTensors(data)
	if err != nil {
		return nil, err
	}
	opts.setDim(tresnet.HasHead(tensors))
	net, err := tresnet.Import(tensors, tresnet.ImportOptions{Rows: opts.Rows, Dim: opts.Dim, InputSize: opts.Size, Seed: uint64(opts.Seed)})
	if err != nil && unread != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, errors.Join(unread, err))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return build(net.Architecture, net.Params, lineageOf(data, net, opts.Seed), opts.BuildOptions)
}

// setDim sets the dimension where it does not follow. That of a vocabulary is
// taken for a head that is made anew: for another one it would silently read
// 7 x 300 as 175 x 12.
func (o *ImportOptions) setDim(hasHead bool) {
	switch {
	case o.Dim != 0, hasHead && o.Rows != 0:
	case !hasHead && o.Vocabulary != nil:
		o.Dim = o.Vocabulary.Dim
	default:
		o.Dim = defaultDim
	}
}

// checkpointTensors reads the floating-point tensors of a checkpoint. One that
// cannot be read is left out and the first such told in unread: the network may
// not need it.
func checkpointTensors(data []byte) (tensors map[string]tensor.Tensor, unread, err error) {
	checkpoint, err := torchfile.Open(bytes.NewReader(data), int64(len(data)), weightKeys...)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	tensors = map[string]tensor.Tensor{}
	for _, name := range checkpoint.Names() {
		if info, _ := checkpoint.Info(name); info.Type != element.Unknown && !info.Type.IsFloat() {
			continue
		}
		t, err := checkpoint.Tensor(name)
		if err == nil {
			tensors[name] = t
		} else if unread == nil {
			unread = err
		}
	}
	return tensors, unread, nil
}

// lineageOf records the checkpoint's digest. A head that is not in it is
// seeded, which leaves the bundle untrained.
func lineageOf(data []byte, net tresnet.Imported, seed int64) Lineage {
	sum := sha256.Sum256(data)
	l := Lineage{Trained: true, Checkpoint: "sha256:" + hex.EncodeToString(sum[:])}
	if net.Seeded {
		l.Trained, l.Seed = false, &seed
	}
	return l
}
