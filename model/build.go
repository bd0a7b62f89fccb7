package model

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// BuildOptions describes a new bundle beyond its network. Zero values mean the
// default.
type BuildOptions struct {
	Filter     string      // FilterBicubic
	EXIF       string      // EXIFApply
	Vocabulary *Vocabulary // gives the bundle its label space; nil: none
	Seed       int64       // of what is not in a checkpoint
	Program    string      // name and version of the writer
}

// NewTResNet makes an untrained bundle in memory: the same architecture and
// seed give the same ID. A vocabulary of another dimension is ErrMismatch.
func NewTResNet(arch tresnet.Architecture, opts BuildOptions) (*Bundle, error) {
	if err := arch.Validate(); err != nil {
		return nil, fmt.Errorf("%w architecture: %w", ErrInvalid, err)
	}
	seed := opts.Seed
	return build(arch, tresnet.New(arch, uint64(seed)), Lineage{Seed: &seed}, opts)
}

// build describes a net and writes its graph and weights.
func build(arch tresnet.Architecture, params tresnet.Params, lineage Lineage, opts BuildOptions) (*Bundle, error) {
	d := Description{
		FormatVersion: FormatVersion,
		Architecture:  architectureOf(arch),
		Rows:          arch.Rows,
		Dim:           arch.Dim,
		Input:         inputOf(arch.InputSize, opts),
		RowReduction:  Reduction{Kind: ReduceMax},
		LogitScale:    1,
		Lineage:       lineage,
		Program:       opts.Program,
	}
	if err := d.adopt(opts.Vocabulary); err != nil {
		return nil, err
	}
	return d.assemble(arch, params)
}

// assemble writes the graph and the weights of a net that d describes.
func (d Description) assemble(arch tresnet.Architecture, params tresnet.Params) (*Bundle, error) {
	graph, err := tresnet.Graph(arch, params, d.graphInput())
	if err != nil {
		return nil, fmt.Errorf("write the model's graph: %w", err)
	}
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, params, nil); err != nil {
		return nil, fmt.Errorf("write the model's weights: %w", err)
	}
	d.Files = Files{Embed: fileOf(embedName, graph), Weights: fileOf(weightsName, weights.Bytes())}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	return &Bundle{Description: d, source: memory{embedName: graph, weightsName: weights.Bytes()}}, nil
}

// graphInput is the input in the words of the graph's writer.
func (d *Description) graphInput() tresnet.Input {
	return tresnet.Input{Scale: d.Input.Scale, Mean: d.Input.Mean, Std: d.Input.Std}
}

// adopt takes the label space of a vocabulary, if there is one.
func (d *Description) adopt(v *Vocabulary) error {
	if v == nil {
		return nil
	}
	if v.Dim != d.Dim {
		return fmt.Errorf("%w: the vocabulary has dimension %d, the model %d", ErrMismatch, v.Dim, d.Dim)
	}
	d.LabelSpace = LabelSpaceOf(v)
	return nil
}

func architectureOf(arch tresnet.Architecture) Architecture {
	a := Architecture{Kind: KindTResNet, Layers: arch.Layers[:], Width: arch.Width}
	for _, p := range arch.Parameters() {
		if strings.Contains(p.Name, ".running_") {
			continue
		}
		count := int64(1)
		for _, n := range p.Shape {
			count *= int64(n)
		}
		a.Parameters += count
	}
	return a
}

// inputOf is what a TResNet takes: bytes divided by 255, neither centred nor
// scaled further.
func inputOf(size int, opts BuildOptions) Input {
	in := Input{
		Size: size, Type: "uint8", Layout: "nhwc", Filter: FilterBicubic,
		Scale: 1.0 / 255, Std: [3]float64{1, 1, 1}, EXIF: EXIFApply,
	}
	if opts.Filter != "" {
		in.Filter = opts.Filter
	}
	if opts.EXIF != "" {
		in.EXIF = opts.EXIF
	}
	return in
}

// tresnetOf is the network without head and input.
func tresnetOf(a Architecture) tresnet.Architecture {
	return tresnet.Architecture{Layers: [4]int(a.Layers), Width: a.Width}
}
