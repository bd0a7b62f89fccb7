package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// trial runs an encoder on a few images of noise.
type trial struct {
	graph   []byte
	options ort.Options
	notes   []string
}

func (t *trial) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// outputShape runs the encoder once, with as few images as it takes, and returns
// the shape of its output.
func (t *trial) outputShape(ctx context.Context, e *model.Encoder) ([]int, error) {
	fed, err := foreign.Feed(t.graph, e.Input.Foreign(), e.Output.Name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	s, err := ort.NewSession(fed, t.options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	defer s.Close()
	n, side := max(1, e.Input.Batch), e.Input.Size
	shape, err := s.Shape(ctx, []ort.Tensor{ort.Lend(noise(n, side), n, side, side, 3)})
	if err != nil {
		return nil, fmt.Errorf("%w: it does not run on an image of %d pixels as %s: %w", model.ErrInvalid, side, e.Input.Layout, err)
	}
	if len(shape) == 0 || shape[0] != n {
		return nil, fmt.Errorf("%w: the output %q of a run of %d is %v, want the images as its first axis", model.ErrInvalid, e.Output.Name, n, shape)
	}
	return shape, nil
}

// triedImages are embedded together and one by one.
const triedImages = 3

// settleBatch makes sure that images do not influence one another. An encoder
// that takes any number and fails at that is to take one a run.
func (t *trial) settleBatch(ctx context.Context, b *model.Bundle) (*model.Bundle, error) {
	shared, err := foreign.SharesScales(t.graph)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	free := b.Description.Input.Batch == 0
	if shared && free {
		t.note("the encoder fits the scale of its 8-bit values to all images of a run, which would influence one another; it gets one a run")
		return t.oneByOne(ctx, b)
	}
	together, err := t.agrees(ctx, b)
	switch {
	case err != nil || together == nil:
		return b, err
	case free:
		t.note("the encoder says that it takes any number of images, but %d together fail or come out otherwise than one by one; it gets one a run", triedImages)
		return t.oneByOne(ctx, b)
	}
	return nil, fmt.Errorf("%w: %w", model.ErrInvalid, together)
}

func (t *trial) oneByOne(ctx context.Context, b *model.Bundle) (*model.Bundle, error) {
	single, err := b.WithBatch(1)
	if err != nil {
		return nil, err
	}
	fault, err := t.agrees(ctx, single)
	if fault != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, fault)
	}
	return single, err
}

// agrees embeds images together and one by one. What is wrong with the encoder
// comes back as fault, what is wrong with the try as err.
func (t *trial) agrees(ctx context.Context, b *model.Bundle) (fault, err error) {
	graph, err := b.EmbedGraph(ctx)
	if err != nil {
		return nil, err
	}
	e, err := ort.NewEmbedder(graph, t.options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	defer e.Close()
	matrix, image := e.Rows()*e.Dim(), e.InputSize()*e.InputSize()*3
	pixels := noise(triedImages, e.InputSize())
	together, alone := make([]float32, triedImages*matrix), make([]float32, triedImages*matrix)
	for i := range triedImages {
		if err := e.Embed(ctx, pixels[i*image:], 1, alone[i*matrix:]); err != nil {
			return fmt.Errorf("it does not run on one image: %w", err), context.Cause(ctx)
		}
	}
	if err := e.Embed(ctx, pixels, triedImages, together); err != nil {
		return fmt.Errorf("it does not run on %d images: %w", triedImages, err), context.Cause(ctx)
	}
	return compare(together, alone, matrix), nil
}

// tolerance is how far, as a share of the largest value, two embeddings of one
// image may lie apart: half precision gives a thousandth or two.
const tolerance = 0.005

func compare(together, alone []float32, matrix int) error {
	largest, apart, spread := 0.0, 0.0, 0.0
	for i := range alone {
		largest = max(largest, math.Abs(float64(alone[i])))
		apart = max(apart, math.Abs(float64(together[i]-alone[i])))
		spread = max(spread, math.Abs(float64(alone[i]-alone[i%matrix])))
	}
	switch {
	case math.IsNaN(largest+apart) || math.IsInf(largest+apart, 0):
		return errors.New("its embeddings are not finite")
	case spread == 0:
		return errors.New("it gives every image the same embedding")
	case apart > tolerance*largest:
		return fmt.Errorf("images embedded together get other values than one by one (up to %.3g of %.3g)", apart, largest)
	}
	return nil
}

// noise is n images of coarse random blocks: fine noise would look alike to an
// encoder.
func noise(n, side int) []uint8 {
	random := rand.New(rand.NewPCG(14, 0))
	const block = 8
	pixels := make([]uint8, 0, n*side*side*3)
	across := side/block + 1
	for range n {
		colours := make([]uint8, across*across*3)
		for i := range colours {
			colours[i] = uint8(random.Uint32())
		}
		for y := range side {
			for x := range side {
				at := 3 * (y/block*across + x/block)
				pixels = append(pixels, colours[at:at+3]...)
			}
		}
	}
	return pixels
}
