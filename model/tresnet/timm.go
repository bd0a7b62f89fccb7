package tresnet

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// timmPart is a convolution or norm as timm names it: ".conv" or ".bn" in place
// of the reference's ".0" and ".1", without the level of the blur.
var timmPart = regexp.MustCompile(`^((?:layer\d+\.\d+\.)?(?:conv\d+|downsample\.\d+))\.(conv|bn)\.(.*)$`)

// timmBlurred are the convolutions with a blur behind them.
var timmBlurred = []string{"layer2.0.conv1", "layer3.0.conv2", "layer4.0.conv2"}

// fromTimm brings a tensor of timm's TResNet to the reference's name and value;
// others stay as they are. timm stores the norms' scale, |weight| + eps, as their
// weight (timm/models/tresnet.py, checkpoint_filter_fn). Its nets can learn a
// scale below zero, which the reference's have no weight for: an error.
func fromTimm(name string, t tensor.Tensor) (string, tensor.Tensor, error) {
	m := timmPart.FindStringSubmatch(name)
	if m == nil {
		return name, t, nil
	}
	prefix := m[1] + "."
	if slices.Contains(timmBlurred, m[1]) {
		prefix += "0."
	}
	if m[2] == "conv" {
		return prefix + "0." + m[3], t, nil
	}
	if m[3] != "weight" {
		return prefix + "1." + m[3], t, nil
	}
	weight, ok := lessEpsilon(t)
	if !ok {
		return "", t, fmt.Errorf("the norm %s scales by a negative number, which TResNet's norms do not", name)
	}
	return prefix + "1.weight", weight, nil
}

// lessEpsilon takes eps off a norm's scale; ok is false for a negative one.
func lessEpsilon(scale tensor.Tensor) (weight tensor.Tensor, ok bool) {
	weight = tensor.Tensor{Shape: scale.Shape, Values: make([]float32, len(scale.Values))}
	for i, x := range scale.Values {
		if x < 0 {
			return tensor.Tensor{}, false
		}
		weight.Values[i] = max(0, x-normEpsilon)
	}
	return weight, true
}
