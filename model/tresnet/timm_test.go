package tresnet_test

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// timmRules are the substitutions that timm makes in the reference's names
// (timm/models/tresnet.py, checkpoint_filter_fn), in its order.
var timmRules = []struct {
	find *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`conv(\d+)\.0.0`), "conv$1.conv"},
	{regexp.MustCompile(`conv(\d+)\.0.1`), "conv$1.bn"},
	{regexp.MustCompile(`conv(\d+)\.0`), "conv$1.conv"},
	{regexp.MustCompile(`conv(\d+)\.1`), "conv$1.bn"},
	{regexp.MustCompile(`downsample\.(\d+)\.0`), "downsample.$1.conv"},
	{regexp.MustCompile(`downsample\.(\d+)\.1`), "downsample.$1.bn"},
}

// timmBackbone is a net as timm stores it.
func timmBackbone(p tresnet.Params) map[string]tensor.Tensor {
	file := map[string]tensor.Tensor{"head.fc.weight": tensor.New(10, 256), "head.fc.bias": tensor.New(10)}
	for name, t := range p {
		if name == tresnet.EmbeddingWeight {
			continue
		}
		for _, rule := range timmRules {
			name = rule.find.ReplaceAllString(name, rule.name)
		}
		if strings.HasSuffix(name, "bn.weight") {
			scale := tensor.New(t.Shape...)
			for i, w := range t.Values {
				scale.Values[i] = float32(math.Abs(float64(w))) + 1e-5
			}
			t = scale
		}
		file["body."+name] = t
	}
	return file
}

func TestImportFromTimm(t *testing.T) {
	net := tresnet.New(small, 1)
	for name, v := range net {
		if strings.HasSuffix(name, ".1.weight") && len(v.Shape) == 1 {
			for i := range v.Values { // signed weights, as checkpoints have
				v.Values[i] = float32(math.Cos(float64(i)))
			}
		}
	}
	got, err := tresnet.Import(timmBackbone(net), tresnet.ImportOptions{Rows: 3, Dim: 8, InputSize: 32})
	if err != nil || got.Architecture != small || !got.Seeded {
		t.Fatalf("%+v, %v", got.Architecture, err)
	}
	for name, v := range net {
		for i, w := range v.Values {
			if strings.HasSuffix(name, ".1.weight") && len(v.Shape) == 1 {
				w = float32(math.Abs(float64(w)))
			}
			if x := got.Params[name].Values[i]; name != tresnet.EmbeddingWeight && math.Abs(float64(x-w)) > 1e-7 {
				t.Fatalf("%s[%d] is %v, want %v", name, i, x, w)
			}
		}
	}
}

func TestImportRefusesNegativeScales(t *testing.T) {
	file := timmBackbone(tresnet.New(small, 1))
	file["body.layer2.0.conv1.bn.weight"].Values[3] = -0.5
	_, err := tresnet.Import(file, tresnet.ImportOptions{Rows: 3, Dim: 8, InputSize: 32})
	if want := "the norm layer2.0.conv1.bn.weight scales by a negative number"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
