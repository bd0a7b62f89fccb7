package features

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Table is features on the local disk, with the rows that label them. It is
// safe for concurrent use until it is closed.
type Table struct {
	part    *labels.Part
	scratch *os.File // without a name; of each image its place in the part and its features
	rows    int64
	size    int
}

// Load reads a table that Write made of the same part. Memory does not grow
// with the rows; the scratch file, in the folder dir ("": the system's), takes
// 4·F bytes a row.
func Load(ctx context.Context, r io.ReaderAt, bytes int64, part *labels.Part, size int, dir string) (*Table, error) {
	file, err := columnar.Open(r, bytes)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	scratch, err := os.CreateTemp(dir, "sdl-features-*")
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	os.Remove(scratch.Name())
	t := &Table{part: part, scratch: scratch, size: size}
	if err := t.fill(ctx, file); err != nil {
		t.Close()
		return nil, fmt.Errorf("features: %w", err)
	}
	return t, nil
}

// fill walks through the part and the table side by side: both are in the order
// of the labels.
func (t *Table) fill(ctx context.Context, file *columnar.File) error {
	out := newWriter(t.scratch)
	place, number := int64(-1), int64(-1)
	err := file.Embeddings(ctx, func(e columnar.Embedding) error {
		for number < e.Row {
			if place++; place >= t.part.Len() {
				return fmt.Errorf("row %d is not among the labels", e.Row)
			}
			row, err := t.part.Row(place)
			if err != nil {
				return err
			}
			number = row.Number
		}
		if number != e.Row || len(e.Matrix) != t.size {
			return fmt.Errorf("row %d with %d features is not of these labels", e.Row, len(e.Matrix))
		}
		t.rows++
		return out.add(place, e.Matrix)
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// Len returns how many images have features.
func (t *Table) Len() int64 { return t.rows }

// At reads the features [F] of image i, 0 to Len-1, and its row.
func (t *Table) At(i int64, features []float32) (labels.Row, error) {
	record := make([]byte, recordBytes(t.size))
	if _, err := t.scratch.ReadAt(record, i*int64(len(record))); err != nil {
		return labels.Row{}, fmt.Errorf("features: %w", err)
	}
	for j := range t.size {
		features[j] = math.Float32frombits(binary.LittleEndian.Uint32(record[8+4*j:]))
	}
	return t.part.Row(int64(binary.LittleEndian.Uint64(record)))
}

// Close frees the scratch file.
func (t *Table) Close() error { return t.scratch.Close() }

func recordBytes(size int) int { return 8 + 4*size }
