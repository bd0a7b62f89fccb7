package columnar

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// arrow-go allocates the size of a page as its header gives it, up to 256 MiB,
// and hands that room to the codec. Two of its codecs then take whatever the
// compressed bytes ask for instead, gigabytes for one wrong bit. Here they are
// replaced, for the whole process, by ones that keep to the room.
func init() {
	for kind, decode := range map[compress.Compression]func(dst, src []byte) ([]byte, error){
		compress.Codecs.Zstd:   decodeZstd,
		compress.Codecs.Snappy: decodeSnappy,
	} {
		codec, err := compress.GetCodec(kind)
		if err != nil {
			panic("columnar: " + err.Error())
		}
		streaming, ok := codec.(compress.StreamingCodec)
		if !ok {
			panic("columnar: a codec of arrow-go does not stream")
		}
		compress.RegisterCodec(kind, boundedCodec{codec, streaming, decode})
	}
}

// boundedCodec decodes into the room it is given or not at all.
type boundedCodec struct {
	compress.Codec
	compress.StreamingCodec
	decode func(dst, src []byte) ([]byte, error)
}

// DecodeWithError implements compress.ErrorCodec.
func (c boundedCodec) DecodeWithError(dst, src []byte) ([]byte, error) { return c.decode(dst, src) }

// Decode implements compress.Codec; it panics where DecodeWithError has an
// error, as arrow-go's own codecs do.
func (c boundedCodec) Decode(dst, src []byte) []byte {
	out, err := c.decode(dst, src)
	if err != nil {
		panic(err)
	}
	return out
}

// zstdDecoder is safe for concurrent use.
var zstdDecoder = func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic("columnar: " + err.Error())
	}
	return d
}()

func decodeZstd(dst, src []byte) ([]byte, error) { return zstdDecoder.DecodeAll(src, dst[:0]) }

var snappyCodec = func() compress.ErrorCodec {
	codec, err := compress.GetCodec(compress.Codecs.Snappy)
	if err != nil {
		panic("columnar: " + err.Error())
	}
	return codec.(compress.ErrorCodec)
}()

// decodeSnappy looks at the length that a block begins with.
func decodeSnappy(dst, src []byte) ([]byte, error) {
	if length, n := binary.Uvarint(src); n <= 0 || length > uint64(len(dst)) {
		return nil, fmt.Errorf("snappy block of %d bytes in a page of %d", length, len(dst))
	}
	return snappyCodec.DecodeWithError(dst, src)
}
