package optimise_test

import (
	"math"
	"testing"

	"github.com/sdl-batch/sdl-batch/training/optimise"
)

// schedules are those of PyTorch 1.13's OneCycleLR with Adam: the learning rate
// and beta1 that a step uses.
var schedules = []struct {
	largest float64
	steps   int
	start   float64
	want    map[int][2]float64
}{
