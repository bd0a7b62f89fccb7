package ort

import (
	"context"
	"fmt"
)

// Embedder computes the embedding matrices of images: a graph with the input
// uint8 [n,S,S,3] (RGB) and the output float32 [n,K,D], whatever their names. A
// fixed n is a graph that takes so many images a run and no others; it is run
// again and again, the last time with black images that nobody sees.
// For one goroutine at a time.
type Embedder struct {
	session         *Session
	batch           int // 0: any
	size, rows, dim int
	pixels          []uint8   // of a run that is not full
	matrices        []float32 // its results
}

// NewEmbedder loads such a graph.
func NewEmbedder(model []byte, o Options) (*Embedder, error) {
	s, err := NewSession(model, o)
	if err != nil {
		return nil, err
	}
	e := &Embedder{session: s}
	if err := e.readShapes(s.Model); err != nil {
		s.Close()
		return nil, err
	}
	return e, nil
}

func (e *Embedder) readShapes(m Model) error {
	if len(m.Inputs) != 1 || len(m.Outputs) != 1 {
		return fmt.Errorf("ort: not an embedding graph: %d inputs and %d outputs, want one each", len(m.Inputs), len(m.Outputs))
	}
	in, out := m.Inputs[0], m.Outputs[0]
	if in.Type != "uint8" || len(in.Dims) != 4 || in.Dims[1].Size == 0 || in.Dims[1] != in.Dims[2] || in.Dims[3].Size != 3 {
		return fmt.Errorf("ort: not an embedding graph: input %s is %s %v, want uint8 [n S S 3]", in.Name, in.Type, in.Dims)
	}
	if out.Type != "float" || len(out.Dims) != 3 || out.Dims[1].Size == 0 || out.Dims[2].Size == 0 || out.Dims[0].Size != in.Dims[0].Size {
		return fmt.Errorf("ort: not an embedding graph: output %s is %s %v, want float [%s K D]", out.Name, out.Type, out.Dims, in.Dims[0])
	}
	e.batch, e.size, e.rows, e.dim = in.Dims[0].Size, in.Dims[1].Size, out.Dims[1].Size, out.Dims[2].Size
	return nil
}

// Batch returns how many images every run takes; 0 is any number.
func (e *Embedder) Batch() int { return e.batch }

// InputSize returns S, the side of the images in pixels.
func (e *Embedder) InputSize() int { return e.size }

// Rows returns K, the rows of each matrix.
func (e *Embedder) Rows() int { return e.rows }

// Dim returns D, the columns of each matrix.
func (e *Embedder) Dim() int { return e.dim }

// Device returns the device that computes.
func (e *Embedder) Device() Device { return e.session.Device() }

// PassedOver says for each better device why Auto did not take it.
func (e *Embedder) PassedOver() []string { return e.session.PassedOver() }

// Embed computes out [n,K,D] from the first n images of pixels [·,S,S,3]. n may
// differ from call to call. Both slices are used in place.
func (e *Embedder) Embed(ctx context.Context, pixels []uint8, n int, out []float32) error {
	image, matrix := e.size*e.size*3, e.rows*e.dim
	if n < 1 || len(pixels) < n*image || len(out) < n*matrix {
		return fmt.Errorf("ort: embed %d images: %d pixel bytes and %d values of room, want %d and %d", n, len(pixels), len(out), n*image, n*matrix)
	}
	pixels, out = pixels[:n*image], out[:n*matrix]
	if e.batch == 0 {
		return e.run(ctx, pixels, n, out)
	}
	for ; n >= e.batch; n -= e.batch {
		if err := e.run(ctx, pixels[:e.batch*image], e.batch, out[:e.batch*matrix]); err != nil {
			return err
		}
		pixels, out = pixels[e.batch*image:], out[e.batch*matrix:]
	}
	if n == 0 {
		return nil
	}
	return e.runShort(ctx, pixels, out)
}

// runShort runs a batch that is not full.
func (e *Embedder) runShort(ctx context.Context, pixels []uint8, out []float32) error {
	if e.pixels == nil {
		e.pixels = make([]uint8, e.batch*e.size*e.size*3)
		e.matrices = make([]float32, e.batch*e.rows*e.dim)
	}
	clear(e.pixels[copy(e.pixels, pixels):])
	if err := e.run(ctx, e.pixels, e.batch, e.matrices); err != nil {
		return err
	}
	copy(out, e.matrices)
	return nil
}

func (e *Embedder) run(ctx context.Context, pixels []uint8, n int, out []float32) error {
	return e.session.Run(ctx, []Tensor{Lend(pixels, n, e.size, e.size, 3)}, []Tensor{Lend(out, n, e.rows, e.dim)})
}

// Close frees the session.
func (e *Embedder) Close() error { return e.session.Close() }
