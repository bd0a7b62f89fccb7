package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Names of the files that this program writes into a bundle.
const (
	embedName   = "embed.onnx"
	weightsName = "weights.safetensors"
)

// Bundle is a model: its description and its files, in a folder or in memory.
// It holds no connection, is read-only and safe for concurrent use.
type Bundle struct {
	Description Description
	Pointer     *Pointer // that named the bundle; nil where its folder was named itself
	source      source
}

// source is where the files of a bundle lie.
type source interface {
	// read returns a file of at most maxBytes.
	read(ctx context.Context, name string, maxBytes int64) ([]byte, error)
	location() string
}

// OpenBundle reads and checks the model.json of a bundle's folder, or of the
// folder that a Pointer at uri names. The other files are checked as they are
// read. No model.json and no pointer is storage.ErrNotExist, a bad one
// ErrInvalid, a pointer to a folder that holds another bundle ErrCorrupt.
func OpenBundle(ctx context.Context, uri string) (*Bundle, error) {
	b, err := openFolder(ctx, folder{uri: uri})
	// A store may hide from those who cannot list it that an object is missing.
	if errors.Is(err, storage.ErrNotExist) || errors.Is(err, storage.ErrPermission) {
		return follow(ctx, uri, err)
	}
	return b, err
}

func openFolder(ctx context.Context, from folder) (*Bundle, error) {
	text, err := from.read(ctx, descriptionName, maxDescriptionBytes)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	d, err := DecodeDescription(text)
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", from.location(), err)
	}
	return &Bundle{Description: *d, source: from}, nil
}

// ID names what the model computes; see Description.ID.
func (b *Bundle) ID() string { return b.Description.ID() }

// Location is the folder's URI without secrets, or "memory".
func (b *Bundle) Location() string { return b.source.location() }

// EmbedGraph returns the graph pixels uint8 [n,S,S,3] -> embedding float32
// [n,K,D], whatever their names, after the file's length and digest were found to
// be those of the description; ErrCorrupt where they are not. An encoder of
// KindONNX is adapted; one that its description does not fit is ErrInvalid.
func (b *Bundle) EmbedGraph(ctx context.Context) ([]byte, error) {
	graph, err := b.file(ctx, b.Description.Files.Embed)
	if err != nil {
		return nil, err
	}
	return b.adapted(graph)
}

// Weights returns the parameters as trained, keyed by their checkpoint names
// (norms signed and unfolded). A bundle without them is ErrInvalid.
func (b *Bundle) Weights(ctx context.Context) (map[string]tensor.Tensor, error) {
	file := b.Description.Files.Weights
	if file == (File{}) {
		return nil, fmt.Errorf("%w for training: bundle %s holds no weights", ErrInvalid, b.Location())
	}
	data, err := b.file(ctx, file)
	if err != nil {
		return nil, err
	}
	tensors, _, err := safetensors.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: bundle %s: %s: %w", ErrCorrupt, b.Location(), file.Name, err)
	}
	return tensors, nil
}

// Verify reads every file and reports all that differ from the description, and a
// graph that has not the inputs and outputs which the description names.
func (b *Bundle) Verify(ctx context.Context) error {
	_, err := b.EmbedGraph(ctx)
	errs := []error{err}
	for _, file := range b.Description.Files.all() {
		if file != b.Description.Files.Embed {
			_, err := b.file(ctx, file)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// file reads one file and checks it.
func (b *Bundle) file(ctx context.Context, want File) ([]byte, error) {
	data, err := b.source.read(ctx, want.Name, want.Bytes)
	if errors.Is(err, storage.ErrTooLarge) {
		return nil, fmt.Errorf("%w bundle %s: %s is longer than the %d bytes of %s", ErrCorrupt, b.Location(), want.Name, want.Bytes, descriptionName)
	}
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	if int64(len(data)) != want.Bytes {
		return nil, fmt.Errorf("%w bundle %s: %s has %d bytes, %s says %d", ErrCorrupt, b.Location(), want.Name, len(data), descriptionName, want.Bytes)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, fmt.Errorf("%w bundle %s: the digest of %s is not the one in %s", ErrCorrupt, b.Location(), want.Name, descriptionName)
	}
	return data, nil
}

// CheckVocabulary tells whether v can be scored with this bundle; ErrMismatch
// where not. A foreign label space (see LabelSpace.Check) is refused, or with
// force comes back among the warnings; another dimension is always refused.
func (b *Bundle) CheckVocabulary(v *Vocabulary, force bool) (warnings []string, err error) {
	d := &b.Description
	if v.Dim != d.Dim {
		return nil, fmt.Errorf("%w: the vocabulary has dimension %d, the bundle %d", ErrMismatch, v.Dim, d.Dim)
	}
	if d.LabelSpace == nil {
		return []string{"the bundle records no label space: nothing tells whether the vocabulary's vectors are the ones it was trained with"}, nil
	}
	warnings, err = d.LabelSpace.Check(v)
	if err != nil && force {
		return []string{"forced: " + err.Error()}, nil
	}
	return warnings, err
}
