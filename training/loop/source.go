package loop

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// ErrNoImages is reported where a whole pass over the set gave no image.
var ErrNoImages = errors.New("no image of the set can be read")

// Batch is what a step takes. It is valid during the call it is given to.
type Batch struct {
	Rows     []labels.Row
	Pixels   []uint8   // [B,S,S,3]; or
	Features []float32 // [B,F]
	Next     int64     // place in the sequence behind the batch
	Rejected []Rejected
}

// Rejected is an image that was passed over.
type Rejected struct {
	URI string
	pipeline.Reject
}

// Source gives batches of a fixed size from a place in the sequence on, until
// each returns an error, which Run returns.
type Source interface {
	Run(ctx context.Context, from int64, each func(context.Context, *Batch) error) error
}

// sequence is the endless series of passes over n rows.
type sequence struct {
	n     int64
	seed  uint64
	pass  int64
	order labels.Permutation
}

func newSequence(n int64, seed uint64) *sequence {
	return &sequence{n: n, seed: seed, pass: -1}
}

// at returns the row at a place.
func (s *sequence) at(place int64) int64 {
	if pass := place / s.n; pass != s.pass {
		s.pass, s.order = pass, labels.Shuffle(s.n, s.seed, uint64(pass))
	}
	return s.order.At(place % s.n)
}

func noImages(last Rejected) error {
	return fmt.Errorf("%w; the last one: %s/%s: %s", ErrNoImages, last.Stage, last.Code, last.Message)
}
