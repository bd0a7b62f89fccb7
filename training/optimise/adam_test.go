package optimise_test

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// steps are PyTorch 1.13's torch.optim.Adam in float64, with L2 decay 0.05 on w
// [2,2] and none on b [3], whose last gradients are of the size of epsilon: rate,
// gradients, and the parameters after the step.
var steps = []struct {
	rate                         optimise.Rate
	gradientW, gradientB, w2, b2 []float32
}{
	{optimise.Rate{Learning: 0.01, Beta1: 0.95}, []float32{0.3033, -0.4306, 0.2932, 0.1566}, []float32{2.476, -1.729, 5.979e-09}, []float32{0.7933, 0.1848, 0.0789800003, -0.623699999}, []float32{0.03618, -1.358, 0.333758214}},
	{optimise.Rate{Learning: 0.2, Beta1: 0.9}, []float32{0.1258, -0.02396, 0.2779, 0.2447}, []float32{0.9904, -0.3286, -1.356e-08}, []float32{0.668320399, 0.256957511, -0.0720190191, -0.785936928}, []float32{-0.0813259876, -1.26437264, 0.389622742}},
	{optimise.Rate{Learning: 0.1, Beta1: 0.85}, []float32{-0.3177, 0.2243, 0.07168, -0.1176}, []float32{0.3038, -2.367, 1.069e-08}, []float32{0.682895113, 0.240094415, -0.12123889, -0.785065588}, []float32{-0.118880086, -1.19603749, 0.381052961}},
	{optimise.Rate{Learning: 0.05, Beta1: 0.93}, []float32{-0.4353, -0.1888, 0.04632, -0.0744}, []float32{0.907, 0.02418, 2.684e-08}, []float32{0.709966667, 0.236600092, -0.164216452, -0.774359631}, []float32{-0.157039867, -1.1400575, 0.362065357}},
	{optimise.Rate{Learning: 0.0001, Beta1: 0.95}, []float32{0.4386, 0.1308, 0.3051, -0.6578}, []float32{0.4247, -1.879, -6.472e-09}, []float32{0.709987655, 0.236578936, -0.164327934, -0.774304208}, []float32{-0.157136501, -1.13991926, 0.362028624}},
}

func TestAdamIsPyTorchs(t *testing.T) {
	orttest.Load(t)
	adam := optimise.Adam{Beta2: 0.999, Epsilon: 1e-8, Decay: 0.05}
	s := session(t, adam)
	defer s.Close()
	w, b := []float32{0.8033, 0.1748, 0.08898, -0.6137}, []float32{0.04618, -1.368, 0.3375}
	values := map[string][]float32{
		"w": w, "w/m": make([]float32, 4), "w/v": make([]float32, 4), "b": b, "b/m": make([]float32, 3), "b/v": make([]float32, 3),
	}
	for i, step := range steps {
		c := adam.Coefficients(step.rate, steps[max(i-1, 0)].rate, i)
		for j, x := range [][]float32{c.Keep, c.Size, c.Epsilon} {
			values[optimise.Names[j]] = x
		}
		values["w/g"], values["b/g"] = step.gradientW, step.gradientB
		advance(t, s, values)
		compare(t, i, "w", values["w"], step.w2)
		compare(t, i, "b", values["b"], step.b2)
	}
}

// session updates w and b.
func session(t *testing.T, adam optimise.Adam) *ort.Session {
	t.Helper()
	g := onnxgraph.New("adam")
	u := adam.Updater(g)
	for name, n := range map[string]int{"w": 4, "b": 3} {
		in := func(name string) *onnxgraph.Value { return g.Input(name, onnxgraph.Float32, onnxgraph.Size(n)) }
		p, m, v := u.Update(in(name), in(name+"/g"), in(name+"/m"), in(name+"/v"), name == "w")
		for suffix, value := range map[string]*onnxgraph.Value{"": p, "/m": m, "/v": v} {
			g.Output("new/"+name+suffix, value, onnxgraph.Float32, onnxgraph.Size(n))
		}
	}
	model, err := g.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// advance runs one step and puts what is new in the place of what was.
func advance(t *testing.T, s *ort.Session, values map[string][]float32) {
	t.Helper()
	var in, out []ort.Tensor
	for _, port := range s.Model.Inputs {
		in = append(in, ort.Lend(values[port.Name], len(values[port.Name])))
	}
	fresh := map[string][]float32{}
	for _, port := range s.Model.Outputs {
		name := port.Name[len("new/"):]
		fresh[name] = make([]float32, len(values[name]))
		out = append(out, ort.Lend(fresh[name], len(fresh[name])))
	}
	if err := s.Run(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	for name, x := range fresh {
		values[name] = x
	}
}

func compare(t *testing.T, step int, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !near(float64(got[i]), float64(want[i]), 1e-5) {
			t.Errorf("step %d: %s[%d] is %v, want %v", step, name, i, got[i], want[i])
		}
	}
}

func TestDefaultsAreTheReferences(t *testing.T) {
	if optimise.Defaults != (optimise.Adam{Beta2: 0.999, Epsilon: 1e-8, Decay: 3e-4}) {
		t.Errorf("%+v", optimise.Defaults)
	}
}
