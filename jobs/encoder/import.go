package encoder

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Import makes the bundle and returns it as stored, with what people should know
// about it. What the options leave open and the graph does not tell is
// model.ErrInvalid, and so is an encoder that does not run.
func Import(ctx context.Context, o Options) (b *model.Bundle, notes []string, err error) {
	graph, err := model.ReadGraph(ctx, o.Graph)
	if err != nil {
		return nil, nil, err
	}
	if b, notes, err = describe(ctx, graph, o); err != nil {
		return nil, nil, fmt.Errorf("import encoder %s: %w", storage.Redact(o.Graph), err)
	}
	b, err = model.WriteBundle(ctx, o.Output, b, model.WriteOptions{Force: o.Force, Program: o.Program})
	return b, notes, err
}

// describe makes the bundle in memory.
func describe(ctx context.Context, graph []byte, o Options) (*model.Bundle, []string, error) {
	file, err := ort.Inspect(graph)
	if errors.Is(err, ort.ErrRefused) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	e := model.Encoder{Name: o.Name}
	if err := o.ports(file, &e); err != nil {
		return nil, nil, err
	}
	runtime, err := o.runtime()
	if err != nil {
		return nil, nil, err
	}
	t := &trial{graph: graph, options: runtime}
	if err := t.findRows(ctx, o, &e); err != nil {
		return nil, nil, err
	}
	o.score(&e)
	b, err := model.NewEncoder(graph, e, model.BuildOptions{Vocabulary: o.Vocabulary, Program: o.Program})
	if err != nil {
		return nil, nil, err
	}
	if b, err = t.settleBatch(ctx, b); err != nil {
		return nil, nil, err
	}
	return b, append(t.notes, advice(&b.Description)...), nil
}

// runtime loads the library; the trial is on the processor, wherever the encoder
// will run later.
func (o Options) runtime() (ort.Options, error) {
	compute := o.Compute
	compute.Device = "cpu"
	r, err := compute.Runtime()
	if err != nil {
		return ort.Options{}, err
	}
	r.Options.Silent = true
	return r.Options, nil
}

// score says how scores follow from the rows.
func (o Options) score(e *model.Encoder) {
	known := presets[o.Preset].scoring
	e.RowReduction = or(o.Reduction, or(known.Reduction, model.Reduction{Kind: model.ReduceMax}))
	e.Normalise = or(o.Normalise, or(known.Normalise, model.Normalise{}))
	e.LogitScale = or(o.LogitScale, or(known.LogitScale, 1))
}
