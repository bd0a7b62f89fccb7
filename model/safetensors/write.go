package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/model/tensor"
)

// Write writes tensors as F32, sorted by name, and metadata (nil for none). The
// same arguments give the same bytes.
func Write(w io.Writer, tensors map[string]tensor.Tensor, metadata map[string]string) error {
	names := slices.Sorted(maps.Keys(tensors))
	header, err := encodeHeader(names, tensors, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: write the header: %w", err)
	}
	for _, name := range names {
		if err := writeFloats(w, tensors[name].Values); err != nil {
			return fmt.Errorf("safetensors: write %q: %w", name, err)
		}
	}
	return nil
}

// encodeHeader returns the length and the header, padded so that the numbers are
// aligned.
func encodeHeader(names []string, tensors map[string]tensor.Tensor, metadata map[string]string) ([]byte, error) {
	fields := make(map[string]any, len(names)+1)
	if err := checkMetadata(metadata); err != nil {
		return nil, err
	}
	if len(metadata) > 0 {
		fields[metadataKey] = metadata
	}
	var end int64
	for _, name := range names {
		e, err := describe(name, tensors[name], end)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		fields[name], end = e, e.Offsets[1]
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	text = append(text, bytes.Repeat([]byte(" "), -len(text)&(alignment-1))...)
	if len(text) > maxHeaderBytes {
		return nil, fmt.Errorf("the header has %d bytes, more than the limit of %d", len(text), maxHeaderBytes)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

func describe(name string, t tensor.Tensor, begin int64) (entry, error) {
	if name == metadataKey || !utf8.ValidString(name) {
		return entry{}, errors.New("the format has no such name")
	}
	e := entry{Type: "F32", Shape: make([]int64, len(t.Shape))}
	for i, d := range t.Shape {
		e.Shape[i] = int64(d)
	}
	count, err := countOf(e.Shape)
	if err != nil {
		return entry{}, err
	}
	if count != int64(len(t.Values)) {
		return entry{}, fmt.Errorf("shape %v holds %d values, got %d", t.Shape, count, len(t.Values))
	}
	e.Offsets = [2]int64{begin, begin + 4*count}
	return e, nil
}

func checkMetadata(metadata map[string]string) error {
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("metadata %q is no UTF-8", k)
		}
	}
	return nil
}

// countOf multiplies a shape, refusing what the format cannot hold.
func countOf(shape []int64) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, more than %d", len(shape), maxRank)
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		if d > 0 && n > math.MaxInt64/8/d {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= d
	}
	return n, nil
}

const chunkValues = 1 << 14

func writeFloats(w io.Writer, values []float32) error {
	buf := make([]byte, 0, 4*min(len(values), chunkValues))
	for chunk := range slices.Chunk(values, chunkValues) {
		buf = buf[:0]
		for _, v := range chunk {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
