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

// ImportOptions says what a checkpoint does not. Zero values mean the default.
type ImportOptions struct {
	Rows, Dim int  // K and D; one follows from the other. By default D is 300
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
	if opts.Rows == 0 && opts.Dim == 0 {
		opts.Dim = defaultDim
	}
	net, err := tresnet.Import(tensors, tresnet.ImportOptions{Rows: opts.Rows, Dim: opts.Dim, InputSize: opts.Size, Seed: uint64(opts.Seed)})
	if err != nil && unread != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, errors.Join(unread, err))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return build(net.Architecture, net.Params, lineageOf(data, net, opts.Seed), opts.BuildOptions)
}

// checkpointTensors reads the floating-point tensors of a checkpoint. One that
// cannot be read is left out and the first such told in unread: the network may
// not need it.
func checkpointTensors(data []byte) (tensors map[string]tensor.Tensor, unread, err error) {
	checkpoint, err := torchfile.Open(bytes.NewReader(data), int64(len(data)))
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
