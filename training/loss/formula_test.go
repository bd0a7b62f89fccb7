package loss_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/training/autodiff"
	"github.com/sdl-batch/sdl-batch/training/loss"
)

// The labels of the formulas: the first image's are partial, nothing is negative
// of the second, the third has all that are not positive, the last one's
// negatives are two.
const dim, tags = 3, 5

var (
	positives = [][]int32{{0, 2}, {1}, {0, 1, 4}, {3}}
	negatives = [][]int32{{1, 3}, {}, nil, {0, 2}}
	vectors   = []float32{-0.487, -0.604, -0.558, 0.668, -0.197, 1.943, -1.402, -0.763, 0.631, -0.899, -0.558, 0.691, 0.222, -0.666, 0.685}
)

// formulas are the method's formula in PyTorch 1.13, float64, image by image,
// and autograd's gradient of it: configuration, K, embedding [4,K,D], loss,
// gradient.
var formulas = []struct {
	name      string
	config    loss.Config
	rows      int
	embedding []float32
	value     float64
	gradient  []float32
}{
	{"two rows", loss.Config{Regulariser: 0.3},
		2, []float32{0.553, 0.009, 0.763, 0.817, -1.403, 0.704, 0.051, 0.837, -1.398, 0.748, -0.422, 1.138, -0.899, 0.337, -0.015, -0.268, -0.213, 0.939, -1.609, 1.356, -0.849, 1.15, 0.313, -0.087},
		6.2570257, []float32{-0.0396, 0.2118, 0.00885, 1.09931712, 0.158774833, 1.55099785, -0.10455, 0.18885, -0.3804, 0.0910707376, -0.184874828, 0.341193104, 0.139939637, 0.373448954, 0.12569059, -1.46425679, -0.513873947, 0.139801464, -0.442733369, 0.101029305, -0.382633617, 0.41385, -0.15645, 0.1143},
	},
	{"three rows", loss.Config{Regulariser: 0.01},
		3, []float32{-2.101, -1.173, 1.641, -0.395, -0.805, -0.021, -0.734, -0.22, 1.13, -0.104, 0.077, -0.915, 0.856, -0.857, -0.538, -0.376, -0.754, 0.04, 0.277, -0.522, -0.802, -1.329, -0.054, -0.632, 0.302, -0.167, 1.04, -0.529, 0.986, 0.445, -0.26, 0.405, -0.534, -0.209, -2.135, -0.6},
		5.81960364, []float32{0.379391126, 0.227707587, 1.69092652, 0.00340833333, -0.000361666667, -0.00468833333, 0.00171333333, 0.00256333333, 0.00106666667, -0.00114666667, 0.00294166667, -0.00222, 0.00365333333, -0.00172833333, -0.000335, -0.169895745, 0.0481514099, -0.484326706, 0.002635, -0.00137166667, -0.00335333333, -1.32740096, -0.580378161, 1.14857177, -0.285647564, 0.415859212, -0.854636456, -0.000981666667, 0.00617, 0.00337333333, 0.000363333333, 0.003265, -0.00152166667, -0.0199074208, -0.0899811856, -0.442335091},
	},
	{"a single row", loss.Config{Regulariser: 0.3},
		1, []float32{0.574, 1.194, 1.57, -0.898, -0.114, 0.435, 1.674, 0.199, -0.289, 0.537, 2.225, -1.436},
		5.83144864, []float32{1.17980664, 0.423752597, 1.82588414, -0.101340029, 0.0298862063, -0.294765984, -0.241378976, -0.0187223286, 0.109042403, 0.0648631159, -0.0387980567, -0.388136443},
	},
	{"a single row without regulariser", loss.Config{Plain: true},
		1, []float32{0.574, 1.194, 1.57, -0.898, -0.114, 0.435, 1.674, 0.199, -0.289, 0.537, 2.225, -1.436},
		4.16532046, []float32{0.842719028, 0.302680427, 1.30420296, -0.0723857353, 0.0213472902, -0.210547131, -0.172413554, -0.0133730919, 0.0778874307, 0.0463307971, -0.0277128976, -0.277240317},
	},
	{"without regulariser", loss.Config{Regulariser: 0.3, Plain: true},
		2, []float32{0.553, 0.009, 0.763, 0.817, -1.403, 0.704, 0.051, 0.837, -1.398, 0.748, -0.422, 1.138, -0.899, 0.337, -0.015, -0.268, -0.213, 0.939, -1.609, 1.356, -0.849, 1.15, 0.313, -0.087},
		3.31963668, []float32{0, 0, 0, 0.756940797, 0.264696309, 1.11417704, 0, 0, 0, -0.00962804454, 0.00283940835, -0.028004926, 0.167564026, 0.207820682, 0.191993279, -1.11350485, -0.308124248, -0.00235609699, -0.020630978, -0.0395862104, -0.191666869, 0, 0, 0},
	},
	{"a regulariser of no weight", loss.Config{},
		2, []float32{0.553, 0.009, 0.763, 0.817, -1.403, 0.704, 0.051, 0.837, -1.398, 0.748, -0.422, 1.138, -0.899, 0.337, -0.015, -0.268, -0.213, 0.939, -1.609, 1.356, -0.849, 1.15, 0.313, -0.087},
		6.63927335, []float32{0, 0, 0, 1.51388159, 0.529392619, 2.22835408, 0, 0, 0, -0.0192560891, 0.00567881669, -0.0560098519, 0.335128053, 0.415641363, 0.383986557, -2.2270097, -0.616248496, -0.00471219399, -0.0412619559, -0.0791724209, -0.383333739, 0, 0, 0},
	},
	{"every image alike", loss.Config{Regulariser: 0.3, Uniform: true},
		2, []float32{0.553, 0.009, 0.763, 0.817, -1.403, 0.704, 0.051, 0.837, -1.398, 0.748, -0.422, 1.138, -0.899, 0.337, -0.015, -0.268, -0.213, 0.939, -1.609, 1.356, -0.849, 1.15, 0.313, -0.087},
		3.92174953, []float32{-0.0396, 0.2118, 0.00885, 0.535231834, -0.0384814025, 0.72069399, -0.10455, 0.18885, -0.3804, 0.0910707376, -0.184874828, 0.341193104, -0.015608989, 0.18053033, -0.0525355561, -0.430597279, -0.227844157, 0.141988614, -0.442733369, 0.101029305, -0.382633617, 0.41385, -0.15645, 0.1143},
	},
	{"large scores", loss.Config{Regulariser: 0.3},
		2, []float32{110.6, 1.8, 152.6, 163.4, -280.6, 140.8, 10.2, 167.4, -279.6, 149.6, -84.4, 227.6, -179.8, 67.4, -3, -53.6, -42.6, 187.8, -321.8, 271.2, -169.8, 230, 62.6, -17.4},
		64951.8774, []float32{-7.92, 42.36, 1.77, 9.16074726, -41.9020161, 0.146498036, -20.91, 37.77, -76.08, 20.91, -37.77, 76.08, -18.5927421, 16.9182829, -28.2335731, 17.1827688, -16.9536014, 29.0611361, -82.80185, 31.20215, -23.31815, 82.77, -31.29, 22.86},
	},
}

func TestLossIsTheFormula(t *testing.T) {
	orttest.Load(t)
	for _, f := range formulas {
		t.Run(f.name, func(t *testing.T) {
			targets := loss.NewTargets(f.config, vectors, dim, len(positives), 3)
			for i := range positives {
				set(t, targets, i, positives[i], negatives[i])
			}
			value, gradient := compute(t, targets, f.rows, len(positives), f.embedding)
			if !(math.Abs(float64(value)-f.value) < 1e-5*f.value) {
				t.Errorf("loss %v, want %v", value, f.value)
			}
			if e := golden.RelativeError(gradient, f.gradient); !(e < 1e-5) {
				t.Errorf("gradient's relative error %.3g", e)
			}
		})
	}
}

func set(t *testing.T, targets *loss.Targets, i int, positives, negatives []int32) {
	t.Helper()
	if err := targets.Set(i, positives, negatives); err != nil {
		t.Fatal(err)
	}
}

// compute returns the loss of an embedding [batch,K,D] and its gradient.
func compute(t *testing.T, targets *loss.Targets, rows, batch int, embedding []float32) (float32, []float32) {
	t.Helper()
	b := onnxgraph.New("loss")
	shape := []int{batch, rows, dim}
	x := b.Input("x", onnxgraph.Float32, onnxgraph.Sizes(shape...)...)
	terms := loss.Graph(b, x, rows, targets)
	gradients, err := autodiff.Gradients(b, terms.Loss, []*onnxgraph.Value{x})
	if err != nil {
		t.Fatal(err)
	}
	b.Output("loss", terms.Loss, onnxgraph.Float32, onnxgraph.Size(1))
	b.Output("gradient", gradients[0], onnxgraph.Float32, onnxgraph.Sizes(shape...)...)
	value, gradient := make([]float32, 1), make([]float32, len(embedding))
	places := []int{batch, len(targets.Pairs) / batch}
	evaluate(t, b,
		[]ort.Tensor{
			ort.Lend(embedding, shape...), ort.Lend(targets.Positives, places...), ort.Lend(targets.Pairs, places...),
			ort.Lend(targets.Alone, places...), ort.Lend(targets.Negatives, batch, tags),
		},
		[]ort.Tensor{ort.Lend(value, 1), ort.Lend(gradient, shape...)})
	return value[0], gradient
}

// TestEqualRowsMoveTheFirst: of rows with the same score only the first has a
// gradient.
func TestEqualRowsMoveTheFirst(t *testing.T) {
	orttest.Load(t)
	targets := loss.NewTargets(loss.Config{Plain: true}, vectors, dim, 1, 1)
	set(t, targets, 0, []int32{0}, nil)
	row := []float32{0.3, -0.2, 0.5}
	_, alone := compute(t, targets, 1, 1, row)
	_, three := compute(t, targets, 3, 1, slices.Repeat(row, 3))
	if !slices.Equal(three[dim:], make([]float32, 2*dim)) {
		t.Errorf("other rows move by %v", three[dim:])
	}
	if e := golden.RelativeError(three[:dim], alone); !(e < 1e-6) || slices.Equal(alone, make([]float32, dim)) {
		t.Errorf("the first row moves by %v, want %v", three[:dim], alone)
	}
}

// TestLargeScoresStayFinite: softplus of 200 and of -200 neither overflows nor
// loses its gradient.
func TestLargeScoresStayFinite(t *testing.T) {
	orttest.Load(t)
	axes := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	targets := loss.NewTargets(loss.Config{Plain: true, Uniform: true}, axes, dim, 1, 1)
	set(t, targets, 0, []int32{0}, []int32{1, 2})
	for _, c := range []struct {
		scores, gradient []float32
		want             float32
	}{
		{[]float32{-200, 200, -200}, []float32{-1.5, 1, 0.5}, 400 + math.Ln2},
		{[]float32{200, -200, -200}, []float32{0, 0, 0}, 0},
		{[]float32{-200, -200, 200}, []float32{-1.5, 0.5, 1}, 400 + math.Ln2},
	} {
		value, gradient := compute(t, targets, 1, 1, c.scores)
		if math.Abs(float64(value-c.want)) > 1e-4 || !slices.Equal(gradient, c.gradient) {
			t.Errorf("%v: loss %v, gradient %v; want %v, %v", c.scores, value, gradient, c.want, c.gradient)
		}
	}
	set(t, targets, 0, []int32{0}, []int32{})
	if value, gradient := compute(t, targets, 1, 1, []float32{-200, 0, 0}); value != 200 || gradient[0] != -1 {
		t.Errorf("alone at -200: loss %v, gradient %v", value, gradient)
	}
}

func TestTargetsAreTheLabels(t *testing.T) {
	targets := loss.NewTargets(loss.Config{Regulariser: 0.3, Uniform: true}, vectors, dim, 2, 3)
	set(t, targets, 1, []int32{0, 1, 2}, nil) // what was there leaves nothing behind
	set(t, targets, 1, []int32{4, 1}, []int32{1, 2})
	set(t, targets, 0, []int32{3}, []int32{})
	const w = 2 * 0.7 / 2 // for each image
	want := loss.Targets{
		Positives: []int64{3, 0, 0, 4, 1, 0},
		Pairs:     []float32{0, 0, 0, w / 2, w / 2, 0},
		Alone:     []float32{w, 0, 0, 0, 0, 0},
		Negatives: []float32{0, 0, 0, 0, 0, 0, 0, 1, 0, 0},
	}
	if !slices.Equal(targets.Positives, want.Positives) || !slices.Equal(targets.Pairs, want.Pairs) || !slices.Equal(targets.Alone, want.Alone) || !slices.Equal(targets.Negatives, want.Negatives) {
		t.Errorf("targets %+v", targets)
	}
	for _, wrong := range [][]int32{nil, {}, {0, 1, 2, 3}} {
		if err := targets.Set(0, wrong, nil); err == nil || !strings.Contains(err.Error(), "want 1 to 3") {
			t.Errorf("%d positives: %v", len(wrong), err)
		}
	}
}

func TestWrongWeightsAreRefused(t *testing.T) {
	for w, good := range map[float64]bool{0: true, 0.999: true, -0.1: false, 1: false, math.NaN(): false} {
		if err := (loss.Config{Regulariser: w}).Validate(); (err == nil) != good {
			t.Errorf("%v: %v", w, err)
		}
	}
}
