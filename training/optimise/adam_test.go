package optimise_test

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// steps are PyTorch 1.13's torch.optim.Adam in float64, with L2 decay 0.05 on w
// [2,2] and none on b [2]: rate, gradients, and the parameters after the step.
var steps = []struct {
	rate                         optimise.Rate
	gradientW, gradientB, w2, b2 []float32
}{
	{optimise.Rate{Learning: 0.01, Beta1: 0.95}, []float32{0.1012, 0.3033, -0.4306, 0.2932}, []float32{1.044, 2.476}, []float32{0.793300001, 0.1648, 0.0989799998, -0.6237}, []float32{0.0361800001, -1.378}},
	{optimise.Rate{Learning: 0.2, Beta1: 0.9}, []float32{-0.2594, 0.08969, 0.1258, -0.02396}, []float32{1.853, 1.631}, []float32{0.882240562, 0.0562867218, 0.119362017, -0.658663045}, []float32{-0.126377674, -1.51584646}},
	{optimise.Rate{Learning: 0.1, Beta1: 0.85}, []float32{0.1486, -0.0493, -0.2034, -0.3177}, []float32{1.495, 0.4778}, []float32{0.860623944, 0.0382245822, 0.151413291, -0.61063784}, []float32{-0.199179291, -1.56144944}},
	{optimise.Rate{Learning: 0.05, Beta1: 0.93}, []float32{-0.1176, 0.04557, -0.3551, 0.1603}, []float32{-2.902, -1.259}, []float32{0.849515216, 0.0195634833, 0.189000861, -0.580575948}, []float32{-0.218429361, -1.58529089}},
	{optimise.Rate{Learning: 0.0001, Beta1: 0.95}, []float32{0.04632, -0.0744, 0.1361, 0.003627}, []float32{2.684, 2.924}, []float32{0.849477083, 0.0195309858, 0.189075608, -0.580502192}, []float32{-0.218494891, -1.58536585}},
}

func TestAdamIsPyTorchs(t *testing.T) {
	orttest.Load(t)
	adam := optimise.Adam{Beta2: 0.999, Epsilon: 1e-8, Decay: 0.05}
	s := session(t, adam)
	defer s.Close()
	w, b := []float32{0.8033, 0.1748, 0.08898, -0.6137}, []float32{0.04618, -1.368}
	values := map[string][]float32{
		"w": w, "w/m": make([]float32, 4), "w/v": make([]float32, 4), "b": b, "b/m": make([]float32, 2), "b/v": make([]float32, 2),
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
	for name, n := range map[string]int{"w": 4, "b": 2} {
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
