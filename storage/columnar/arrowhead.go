package columnar

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Sizes in bytes.
const (
	headBytes   = 8       // the opening magic and padding
	tailBytes   = 10      // length of the footer and the closing magic
	prefixBytes = 8       // what a message begins with
	blockBytes  = 24      // struct Block: where a message lies
	maxFooter   = 1 << 26 // some million record batches
	maxHead     = 1 << 20 // metadata of one record batch
)

// maxBatchRows bounds the rows of a record batch: the places of that many
// strings take maxBatch.
const maxBatchRows = maxBatch / 4

// batchRows reads the metadata of an Arrow file, its footer and the head of
// every message, and returns the number of rows of each record batch. What it
// lets pass costs arrow-go no memory but what the file's length accounts for: it
// trusts every count in the metadata. Damaged metadata is an error or, as
// FlatBuffers has it, a panic.
func batchRows(r io.ReaderAt, size int64) ([]int64, error) {
	footer, err := arrowFooter(r, size)
	if err != nil {
		return nil, err
	}
	var check checker
	check.schema(child(footer, footerSchema))
	for i, block := range blocks(footer, footerDictionaries) {
		head, err := block.head(r, size, dictionaryBatch, &check)
		if err != nil {
			return nil, fmt.Errorf("dictionary %d: %w", i, err)
		}
		check.batch(child(head, dictionaryData))
	}
	var rows []int64
	for i, block := range blocks(footer, footerBatches) {
		head, err := block.head(r, size, recordBatch, &check)
		if err != nil {
			return nil, fmt.Errorf("record batch %d: %w", i, err)
		}
		rows = append(rows, check.batch(head))
	}
	return rows, nil
}

// arrowFooter reads the footer.
func arrowFooter(r io.ReaderAt, size int64) (footer flatbuffers.Table, err error) {
	var tail [tailBytes]byte
	if size < headBytes+tailBytes {
		return footer, fmt.Errorf("an Arrow file of %d bytes", size)
	}
	if err := readFull(r, tail[:], size-tailBytes); err != nil {
		return footer, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length < 8 || length > min(size-headBytes-tailBytes, maxFooter) {
		return footer, fmt.Errorf("an Arrow file of %d bytes ends with a footer of %d", size, length)
	}
	data := make([]byte, length)
	if err := readFull(r, data, size-tailBytes-length); err != nil {
		return footer, err
	}
	return root(data), nil
}

func readFull(r io.ReaderAt, p []byte, offset int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, offset, int64(len(p))), p)
	return err
}

// block is the place of a message.
type block struct {
	offset int64
	length int32 // of its metadata
}

// blocks returns the places in one of the footer's lists.
func blocks(footer flatbuffers.Table, field int) []block {
	start, n := vector(footer, field, blockBytes)
	out := make([]block, n)
	for i := range out {
		at := start + flatbuffers.UOffsetT(i*blockBytes)
		out[i] = block{footer.GetInt64(at), footer.GetInt32(at + 8)}
	}
	return out
}

// head reads a message's metadata and returns its content, which must be of a
// kind.
func (b block) head(r io.ReaderAt, size int64, kind byte, check *checker) (flatbuffers.Table, error) {
	var none flatbuffers.Table
	if b.offset < 0 || b.length <= prefixBytes+8 || b.length > maxHead || b.offset > size-int64(b.length) {
		return none, fmt.Errorf("metadata of %d bytes at %d of %d", b.length, b.offset, size)
	}
	data := make([]byte, b.length)
	if err := readFull(r, data, b.offset); err != nil {
		return none, err
	}
	if !bytes.HasPrefix(data, streamMark) {
		return none, errors.New("does not begin as messages do since Arrow 0.15")
	}
	message := root(data[prefixBytes:])
	if got := message.GetByteSlot(slot(messageType), 0); got != kind {
		return none, fmt.Errorf("is a message of type %d", got)
	}
	check.entries(message, messageMetadata)
	return child(message, messageHeader), nil
}
