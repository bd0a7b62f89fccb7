package step

import (
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/training/autodiff"
	"github.com/sdl-batch/sdl-batch/training/loss"
)

// Prefixes of the graph's names: a parameter's moments as inputs, and all new
// values as outputs.
const (
	firstMoment  = "m/"
	secondMoment = "v/"
	updated      = "new/"
	gradientOf   = "gradient/"
)

// graph writes the step as ONNX. Inputs: images, then the trained tensors, the
// targets, the coefficients of Adam, the moments. Outputs: loss, ranking,
// regulariser, the new tensors, the new moments.
func (c Config) graph(frozen tresnet.Params) ([]byte, error) {
	b := onnxgraph.New("step")
	net, err := tresnet.Train(b, c.Architecture, c.Depth, c.Batch, frozen, c.Input)
	if err != nil {
		return nil, err
	}
	terms := loss.Graph(b, net.Embedding, c.Architecture.Rows, c.NewTargets())
	for _, term := range []struct {
		name  string
		value *onnxgraph.Value
	}{{"loss", terms.Loss}, {"ranking", terms.Ranking}, {"regulariser", terms.Regulariser}} {
		b.Output(term.name, term.value, onnxgraph.Float32, onnxgraph.Size(1))
	}
	u := update{Builder: b, config: c, net: net}
	if err := u.write(terms.Loss); err != nil {
		return nil, err
	}
	return b.Bytes()
}

// update writes what follows from the loss.
type update struct {
	*onnxgraph.Builder
	config Config
	net    *tresnet.Forward
}

// write puts the updates of the first layers first. The runtime begins with the
// graph's last ends, so that each gradient is used up before the next is made.
func (u *update) write(total *onnxgraph.Value) error {
	trainable := u.config.Architecture.Trainable(u.config.Depth)
	var of []*onnxgraph.Value
	for _, p := range trainable {
		if !tresnet.IsStatistic(p.Name) {
			of = append(of, u.net.Parameters[p.Name].Value)
		}
	}
	gradients, err := autodiff.Gradients(u.Builder, total, of)
	if err != nil {
		return err
	}
	adam := u.config.Adam.Updater(u.Builder)
	for _, p := range trainable {
		dims := onnxgraph.Sizes(tensor.Count(p.Shape))
		out := func(prefix string, v *onnxgraph.Value) { u.Output(prefix+p.Name, v, onnxgraph.Float32, dims...) }
		if tresnet.IsStatistic(p.Name) {
			out(updated, u.net.Updated[p.Name])
			continue
		}
		gradient := u.Reshape(gradients[0], -1)
		gradients = gradients[1:]
		m := u.Input(firstMoment+p.Name, onnxgraph.Float32, dims...)
		v := u.Input(secondMoment+p.Name, onnxgraph.Float32, dims...)
		p2, m2, v2 := adam.Update(u.net.Parameters[p.Name].Flat, gradient, m, v, len(p.Shape) > 1)
		out(updated, p2)
		out(updated+firstMoment, m2)
		out(updated+secondMoment, v2)
		if u.config.Gradients {
			out(gradientOf, gradient)
		}
	}
	return nil
}
