package features

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

// writer writes records of a place and its features.
type writer struct {
	out    *bufio.Writer
	record []byte
}

func newWriter(w io.Writer) *writer { return &writer{out: bufio.NewWriterSize(w, 1<<20)} }

func (w *writer) add(place int64, features []float32) error {
	w.record = binary.LittleEndian.AppendUint64(w.record[:0], uint64(place))
	for _, x := range features {
		w.record = binary.LittleEndian.AppendUint32(w.record, math.Float32bits(x))
	}
	_, err := w.out.Write(w.record)
	return err
}

func (w *writer) flush() error { return w.out.Flush() }
