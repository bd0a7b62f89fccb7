package train

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

const newPrefix = "new:"

func isNew(init string) bool { return strings.HasPrefix(init, newPrefix) }

// start is what a training begins from.
type start struct {
	*engine.Inputs
	arch   tresnet.Architecture
	input  tresnet.Input
	params tresnet.Params
}

// begin opens the vocabulary and the initial model.
func (o Options) begin(ctx context.Context) (*start, error) {
	vocab := scenes.Vocabulary()
	if o.Vocab != "" {
		var err error
		if vocab, err = model.ReadVocabulary(ctx, o.Vocab); err != nil {
			return nil, fmt.Errorf("vocabulary: %w", jobs.AsConfig(ctx, err))
		}
	}
	if len(vocab.SeenIDs()) == 0 {
		return nil, fmt.Errorf("%w: the vocabulary has no seen tags to train on", jobs.ErrConfig)
	}
	bundle, err := o.initial(ctx, vocab)
	if err != nil {
		return nil, err
	}
	in, err := engine.NewInputs(bundle, vocab, o.ForceVocab)
	if err != nil {
		return nil, err
	}
	s := &start{Inputs: in}
	if s.arch, s.input, err = bundle.Network(); err != nil {
		return nil, err
	}
	if s.params, err = bundle.Weights(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// initial opens or makes the bundle that training begins from.
func (o Options) initial(ctx context.Context, vocab *model.Vocabulary) (*model.Bundle, error) {
	if !isNew(o.Init) {
		b, err := model.OpenBundle(ctx, o.Init)
		if err != nil {
			return nil, fmt.Errorf("initial model: %w", jobs.AsConfig(ctx, err))
		}
		return b, nil
	}
	arch, err := newNet(strings.TrimPrefix(o.Init, newPrefix))
	if err != nil {
		return nil, fmt.Errorf("%w: --init %s: %w", jobs.ErrConfig, o.Init, err)
	}
	b, err := model.NewTResNet(arch.With(o.Rows, vocab.Dim, o.Size), model.BuildOptions{
		Filter: o.Filter, Vocabulary: vocab, Seed: o.Recipe.Seed, Program: o.Program,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: new model: %w", jobs.ErrConfig, err)
	}
	return b, nil
}

// newNet reads an architecture: tresnet-m, tresnet-l, tresnet-xl, or blocks and
// width as in 1,1,2,1x0.25.
func newNet(name string) (tresnet.Architecture, error) {
	known := map[string]tresnet.Architecture{"tresnet-m": tresnet.M, "tresnet-l": tresnet.L, "tresnet-xl": tresnet.XL}
	if a, ok := known[strings.ToLower(name)]; ok {
		return a, nil
	}
	wrong := fmt.Errorf("want new:tresnet-m, -l or -xl, or blocks and width as in new:1,1,2,1x0.25")
	layers, width, ok := strings.Cut(name, "x")
	counts := strings.Split(layers, ",")
	if !ok || len(counts) != 4 {
		return tresnet.Architecture{}, wrong
	}
	var a tresnet.Architecture
	var err error
	for i, text := range counts {
		if a.Layers[i], err = strconv.Atoi(text); err != nil {
			return a, wrong
		}
	}
	if a.Width, err = strconv.ParseFloat(width, 64); err != nil {
		return a, wrong
	}
	return a, nil
}
