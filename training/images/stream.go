// Package images turns rows of labels into decoded pixels, as a stream: images
// are read and decoded side by side, by the stages of labelling, and come out in
// the order that was asked for.
package images

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Item asks for the image of a row. The same row may be asked for many times.
type Item struct {
	Position int64 // place in the caller's sequence, for the caller's use
	Row      labels.Row
}

// Rejected is an item without pixels.
type Rejected struct {
	Item
	pipeline.Reject
}

// Chunk holds the images of up to ChunkSize items that follow one another. It
// belongs to the receiver until Release.
type Chunk struct {
	Items    []Item     // that have pixels, n of them, in the order of the sequence
	Pixels   []uint8    // [n,S,S,3] RGB, in the order of Items
	Rejected []Rejected // the other items, in the order of the sequence

	release func()
}

// Release gives the pixels back; it must be called once, by any goroutine. A
// stream waits when Ahead chunks are not released.
func (c *Chunk) Release() {
	c.release()
	c.Pixels, c.release = nil, nil
}

// Stream says how items become pixels. Reader and Spec are required, of all
// else zero means the default.
//
// What each receives is a function of the items alone: neither workers nor the
// time that an object takes changes a chunk. In memory are at most Ahead chunks
// of pixels, fetch's budget of bodies, and one image being decoded a worker
// (decode.Limits.MaxMemory).
type Stream struct {
	Reader    fetch.Reader
	Fetch     fetch.Config
	Spec      decode.Spec
	Limits    decode.Limits
	Workers   int // images decoded, and then augmented, at once; one for each core
	ChunkSize int // items a chunk, 1 to MaxChunk; 32
	Ahead     int // chunks on their way or held by the receiver, 2 or more; 4

	// Augment, where not nil, changes the pixels [S,S,3] of an image in place.
	// It is called once for each, by several goroutines at once; what it does
	// should follow from the arguments alone: the row's number in the labels and
	// the item's position.
	Augment func(row, position int64, pixels []uint8)

	FetchMeter, DecodeMeter *pipeline.Meter
}

// MaxChunk is the largest ChunkSize.
const MaxChunk = 1024

func (s Stream) withDefaults() Stream {
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	if s.ChunkSize == 0 {
		s.ChunkSize = 32
	}
	if s.Ahead == 0 {
		s.Ahead = 4
	}
	return s
}

func (s Stream) validate() error {
	switch {
	case s.Workers < 1:
		return fmt.Errorf("%d workers: want 1 or more", s.Workers)
	case s.ChunkSize < 1 || s.ChunkSize > MaxChunk:
		return fmt.Errorf("chunks of %d items: want 1 to %d", s.ChunkSize, MaxChunk)
	case s.Ahead < 2:
		return fmt.Errorf("%d chunks ahead: want 2 or more", s.Ahead)
	}
	return nil
}

// Run calls each with the items' chunks, in order and one at a time; every
// chunk but the last has ChunkSize items. An image that cannot be had is among
// a chunk's Rejected; a store that does not answer, an error of the items or of
// each ends the stream and is its error. Items are taken from another goroutine
// than Run's.
func (s *Stream) Run(ctx context.Context, items iter.Seq2[Item, error], each func(context.Context, *Chunk) error) error {
	set := s.withDefaults()
	if err := set.validate(); err != nil {
		return fmt.Errorf("image stream: %w", err)
	}
	r := &run{Stream: set, gate: pipeline.NewGate(set.Ahead), pending: pending{open: map[int][]Item{}}}
	flow := pipeline.NewFlow(ctx)
	rows := pipeline.From(flow, "labels", set.ChunkSize, source{r, items})
	objects := pipeline.Through(flow, "fetch", set.ChunkSize, rows, &fetch.Stage{Reader: set.Reader, Config: set.Fetch, Meter: set.FetchMeter})
	batches := pipeline.Through(flow, "decode", 1, objects, r.decoder())
	chunks := pipeline.Through(flow, "arrange", 1, batches, arrange{r})
	pipeline.Into(flow, "images", chunks, sink{each})
	return flow.Wait()
}

// run is one call of Stream.Run.
type run struct {
	Stream
	pending
	gate pipeline.Gate // holds a place for each chunk that is not released
}

// decoder gathers each chunk into a batch of its own. A chunk takes its slab
// with its first image, so there is one for each that the gate lets in.
func (r *run) decoder() *decode.Stage {
	return &decode.Stage{
		Spec: r.Spec, Limits: r.Limits, Workers: r.Workers, BatchSize: r.ChunkSize, Meter: r.DecodeMeter,
		Slabs: pipeline.NewPool[uint8](r.Ahead, r.ChunkSize*r.imageLen()),
	}
}

func (r *run) imageLen() int { return r.Spec.Size * r.Spec.Size * 3 }
