package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/storage"
)

// encoderName is the file of an encoder that another program wrote.
const encoderName = "encoder.onnx"

// Encoder describes an image encoder of KindONNX.
type Encoder struct {
	Name      string // for people; may be empty
	Rows, Dim int    // K and D
	Input     Input
	Output    Output

	RowReduction Reduction
	Normalise    Normalise
	LogitScale   float64
}

// NewEncoder makes a bundle, in memory, of an ONNX file as it is. Of opts only
// vocabulary and program count. What the description cannot say is ErrInvalid,
// a vocabulary of another dimension ErrMismatch.
func NewEncoder(graph []byte, e Encoder, opts BuildOptions) (*Bundle, error) {
	parameters, err := foreign.Parameters(graph)
	if err != nil {
		return nil, fmt.Errorf("%w encoder: %w", ErrInvalid, err)
	}
	d := Description{
		FormatVersion: FormatVersion,
		Architecture:  Architecture{Kind: KindONNX, Name: e.Name, Parameters: parameters},
		Rows:          e.Rows,
		Dim:           e.Dim,
		Input:         e.Input,
		Output:        &e.Output,
		RowReduction:  e.RowReduction,
		Normalise:     e.Normalise,
		LogitScale:    e.LogitScale,
		Files:         Files{Embed: fileOf(encoderName, graph)},
		Lineage:       Lineage{Trained: true},
		Program:       opts.Program,
	}
	if err := d.adopt(opts.Vocabulary); err != nil {
		return nil, err
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	b := &Bundle{Description: d, source: memory{encoderName: graph}}
	if _, err := b.adapted(graph); err != nil {
		return nil, err
	}
	return b, nil
}

// WithBatch returns the bundle, of KindONNX and in memory, with another number of
// images a run; 0 is any.
func (b *Bundle) WithBatch(n int) (*Bundle, error) {
	d := b.Description
	d.Input.Batch = n
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return &Bundle{Description: d, source: b.source}, nil
}

// ReadGraph reads the ONNX file at uri, which may be as large as the format
// allows.
func ReadGraph(ctx context.Context, uri string) ([]byte, error) {
	data, err := readObject(ctx, uri, maxFileBytes)
	if errors.Is(err, storage.ErrTooLarge) {
		return nil, fmt.Errorf("%w: no onnx file has more than 2 GiB: %w", ErrInvalid, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read encoder: %w", err)
	}
	return data, nil
}

// adapted gives a graph the interface of the program's own; one that has it
// already stays as it is.
func (b *Bundle) adapted(graph []byte) ([]byte, error) {
	d := &b.Description
	if d.Architecture.Kind != KindONNX {
		return graph, nil
	}
	out, err := foreign.Adapt(graph, foreign.Spec{Input: d.Input.Foreign(), Output: foreign.Output{
		Name: d.Output.Name, Layout: d.Output.Layout, Skip: d.Output.SkipRows, Rows: d.Rows, Dim: d.Dim,
	}})
	if err != nil {
		return nil, fmt.Errorf("%w bundle %s: %s: %w", ErrInvalid, b.Location(), d.Files.Embed.Name, err)
	}
	return out, nil
}

// Foreign is the input in the words of what adapts encoders.
func (in Input) Foreign() foreign.Input {
	return foreign.Input{
		Name: in.Name, Type: in.Type, Layout: in.Layout, Size: in.Size, Batch: in.Batch, Scale: in.Scale, Mean: in.Mean, Std: in.Std,
	}
}
