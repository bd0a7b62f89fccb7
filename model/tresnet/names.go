package tresnet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// listed bounds the names that an error spells out.
const listed = 5

// check reports missing, unexpected, misshapen and unusable tensors.
func (p Params) check(a Architecture) error {
	var missing, misshapen, unusable []string
	known := map[string]bool{}
	for _, spec := range a.Parameters() {
		known[spec.Name] = true
		t, ok := p[spec.Name]
		switch {
		case !ok:
			missing = append(missing, spec.Name)
		case !slices.Equal(t.Shape, spec.Shape) || t.Validate() != nil:
			misshapen = append(misshapen, fmt.Sprintf("%s is %v, want %v", spec.Name, t.Shape, spec.Shape))
		case !usable(spec.Name, t):
			unusable = append(unusable, spec.Name)
		}
	}
	var unexpected []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if !known[name] {
			unexpected = append(unexpected, name)
		}
	}
	return errors.Join(some("missing", missing), some("unexpected", unexpected), some("misshapen", misshapen),
		some("not finite or of negative variance", unusable))
}

// usable reports whether values are finite and variances not negative.
func usable(name string, t tensor.Tensor) bool {
	variance := strings.HasSuffix(name, varianceSuffix)
	var zero float32 // stays zero unless a value is NaN or infinite
	for _, v := range t.Values {
		zero += v * 0
		if variance && v < 0 {
			return false
		}
	}
	return zero == 0
}

func some(what string, names []string) error {
	switch n := len(names); {
	case n == 0:
		return nil
	case n > listed:
		return fmt.Errorf("%s: %s and %d more", what, strings.Join(names[:listed], ", "), n-listed)
	default:
		return fmt.Errorf("%s: %s", what, strings.Join(names, ", "))
	}
}
