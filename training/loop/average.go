package loop

import (
	"runtime"
	"sync"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// average moves every tensor of to towards from: to = keep·to + (1−keep)·from.
func average(to, from tresnet.Params, keep float64) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for name, t := range to {
		slots <- struct{}{}
		group.Go(func() {
			blend(t.Values, from[name].Values, float32(keep))
			<-slots
		})
	}
	group.Wait()
}

func blend(to, from []float32, keep float32) {
	for i, x := range from {
		to[i] = keep*to[i] + (1-keep)*x
	}
}

// copied returns tensors with memory of their own.
func copied(from tresnet.Params) tresnet.Params {
	to := tresnet.Params{}
	for name, t := range from {
		to[name] = tensor.Tensor{Shape: t.Shape, Values: append([]float32(nil), t.Values...)}
	}
	return to
}
