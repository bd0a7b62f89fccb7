package arrowfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// batch is a record batch: where it lies and what its head says.
type batch struct {
	at, head, body int64
	rows           int64
	nodes          []node // of the fields, depth first
	buffers        []span // likewise
}

// node is the length of a field's array and how many of it are null.
type node struct{ length, nulls int64 }

// span is a buffer's place in the body.
type span struct{ at, length int64 }

const (
	// Numbers in Message.fbs.
	messageVersion, messageKind, messageHeader, messageBody       = 0, 1, 2, 3
	batchLength, batchNodes, batchBuffers, batchCompression       = 0, 1, 2, 3
	compressionCodec, compressionMethod                           = 0, 1
	recordBatch, zstandard                                        = 3, 1
	nodeBytes, spanBytes, messagePrefix                     int64 = 16, 16, 8

	// maxRows keeps the places of that many strings in 32 bits.
	maxRows = 1 << 29
)

// read reads the head.
func (b *batch) read(r io.ReaderAt, s *schema) error {
	data, err := readAt(r, b.at, b.head)
	if err != nil {
		return err
	}
	if mark, n := binary.LittleEndian.Uint32(data), int64(binary.LittleEndian.Uint32(data[4:])); mark != 0xffffffff || n != b.head-messagePrefix {
		return fmt.Errorf("begins with %#x and length %d, its head has %d bytes", mark, n, b.head)
	}
	in := &buffer{data: data[messagePrefix:]}
	message := in.root()
	if v, k, n := message.int16(messageVersion), message.byte(messageKind), message.int64(messageBody); v != version5 || k != recordBatch || n != b.body {
		return fmt.Errorf("is a message of version %d, kind %d and %d bytes, want %d, %d and %d", v, k, n, version5, recordBatch, b.body)
	}
	content, found := message.object(messageHeader)
	if !found {
		return errors.New("has no content")
	}
	b.rows = content.int64(batchLength)
	b.readParts(content)
	if in.err != nil {
		return in.err
	}
	return b.check(content, s)
}

func (b *batch) readParts(content object) {
	start, n := content.vector(batchNodes, nodeBytes)
	for i := range int64(n) {
		b.nodes = append(b.nodes, node{content.in.int64(start + i*nodeBytes), content.in.int64(start + i*nodeBytes + 8)})
	}
	start, n = content.vector(batchBuffers, spanBytes)
	for i := range int64(n) {
		b.buffers = append(b.buffers, span{content.in.int64(start + i*spanBytes), content.in.int64(start + i*spanBytes + 8)})
	}
}

func (b *batch) check(content object, s *schema) error {
	if b.rows < 0 || b.rows > maxRows || len(b.nodes) != s.nodes || len(b.buffers) != s.buffers {
		return fmt.Errorf("has %d rows, %d arrays and %d buffers, want %d and %d", b.rows, len(b.nodes), len(b.buffers), s.nodes, s.buffers)
	}
	compression, found := content.object(batchCompression)
	if !found || compression.byte(compressionCodec) != zstandard || compression.byte(compressionMethod) != 0 {
		return errors.New("is not compressed with zstd")
	}
	for i, p := range b.buffers {
		if p.at < 0 || p.at%8 != 0 || p.length < 0 || p.length > b.body || p.at > b.body-p.length {
			return fmt.Errorf("buffer %d, %d bytes at %d, does not lie in the body of %d", i, p.length, p.at, b.body)
		}
	}
	for _, c := range s.columns {
		if err := b.checkColumn(c); err != nil {
			return fmt.Errorf("column %s: %w", c.Path, err)
		}
	}
	return content.in.err
}

// checkColumn checks the lengths of the arrays that a column lies in.
func (b *batch) checkColumn(c Column) error {
	outer := b.nodes[c.nodes[0]]
	if outer.length != b.rows || outer.nulls < 0 || outer.nulls > b.rows || outer.nulls > 0 && !c.nullable {
		return fmt.Errorf("%d values, %d of them null, in %d rows", outer.length, outer.nulls, b.rows)
	}
	for i, n := range c.nodes[1:] {
		elements := b.nodes[n]
		if elements.length < 0 || elements.length > maxRows || elements.nulls != 0 || i > 0 && elements.length != b.nodes[c.nodes[i]].length {
			return fmt.Errorf("%d list elements, %d of them null", elements.length, elements.nulls)
		}
	}
	return nil
}

// maxBuffer bounds a buffer when it is decompressed; of zstd no byte can give
// more than maxRatio.
const (
	maxBuffer = 1 << 30
	maxRatio  = 1 << 15
)

// unpacker keeps to the room that it is given.
var unpacker = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic("arrowfile: " + err.Error())
	}
	return d
}()

// buffer reads and decompresses one of the batch's buffers, nil where it is
// empty.
func (b *batch) buffer(r io.ReaderAt, number int) ([]byte, error) {
	p := b.buffers[number]
	if p.length == 0 {
		return nil, nil
	}
	data, err := readAt(r, b.at+b.head+p.at, p.length)
	if err != nil {
		return nil, err
	}
	if len(data) < 8 {
		return nil, fmt.Errorf("buffer %d has %d bytes", number, len(data))
	}
	size, packed := int64(binary.LittleEndian.Uint64(data)), data[8:]
	if size == -1 {
		return packed, nil // not compressed
	}
	if size < 0 || size > maxBuffer || size > int64(len(packed))*maxRatio {
		return nil, fmt.Errorf("buffer %d of %d bytes says that it has %d when decompressed", number, len(packed), size)
	}
	out, err := unpacker.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("buffer %d: %w", number, err)
	}
	if int64(len(out)) != size {
		return nil, fmt.Errorf("buffer %d has %d bytes and says %d", number, len(out), size)
	}
	return out, nil
}
