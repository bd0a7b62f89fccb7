package tresnet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// wrappers are what comes in front of a net's names where it was saved within
// another module: data-parallel and averaged nets, Lightning's, and the body of
// an ImageNet backbone.
var wrappers = []string{"module.", "model.", "body."}

const (
	classifierPrefix = "head.fc."
	counterSuffix    = ".num_batches_tracked"
	blurSuffix       = ".filt" // of nets that keep the blur's kernel with their parameters
)

// rename brings the tensors' names to the reference's and leaves out what is
// no part of the net.
func rename(tensors map[string]tensor.Tensor) (Imported, error) {
	r := Imported{Params: Params{}}
	for name, t := range tensors {
		if strings.HasSuffix(name, blurSuffix) && !isBlur(t) {
			return Imported{}, fmt.Errorf("%s blurs otherwise than TResNet does", name)
		}
		if !Needed(name) {
			r.Dropped = append(r.Dropped, name)
			continue
		}
		short, t, err := fromTimm(shorten(name), t)
		if err != nil {
			return Imported{}, err
		}
		if _, twice := r.Params[short]; twice {
			return Imported{}, fmt.Errorf("two tensors are called %s, with and without a prefix", short)
		}
		r.Params[short] = t
	}
	slices.Sort(r.Dropped)
	return r, nil
}

// Needed reports whether Import has a use for the values of the tensor of a
// checkpoint called name: none for counters of batches, the classifier and the
// blur, which is the same in every net.
func Needed(name string) bool {
	short := shorten(name)
	return !strings.HasSuffix(short, counterSuffix) && !strings.HasPrefix(short, classifierPrefix) && !strings.HasSuffix(short, blurSuffix)
}

// shorten takes off the wrappers, in any order.
func shorten(name string) string {
	for {
		before := name
		for _, w := range wrappers {
			name = strings.TrimPrefix(name, w)
		}
		if name == before {
			return name
		}
	}
}

// blur is the kernel of every blur, row by row: [1,2,1]·[1,2,1]/16.
var blur = [9]float32{1. / 16, 2. / 16, 1. / 16, 2. / 16, 4. / 16, 2. / 16, 1. / 16, 2. / 16, 1. / 16}

// isBlur reports whether t is the kernel for each of some channels.
func isBlur(t tensor.Tensor) bool {
	for i, v := range t.Values {
		if v != blur[i%len(blur)] {
			return false
		}
	}
	return t.Validate() == nil && len(t.Values)%len(blur) == 0
}
