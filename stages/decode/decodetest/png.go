package decodetest

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// PNG is an image of zeros of that bit depth and colour type.
func PNG(width, height int, depth, colour byte, interlaced bool) []byte {
	channels := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	rowBytes := func(w int) int { return 1 + (w*channels*int(depth)+7)/8 }
	raw, method := height*rowBytes(width), byte(0)
	if interlaced { // of sides that are multiples of 8
		raw, method = 0, 1
		for _, pass := range [7][2]int{{8, 8}, {8, 8}, {4, 8}, {4, 4}, {2, 4}, {2, 2}, {1, 2}} {
			raw += height / pass[1] * rowBytes(width/pass[0])
		}
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, depth, colour, 0, 0, method)
	chunks := [][]byte{Chunk("IHDR", header)}
	if colour == 3 {
		chunks = append(chunks, Chunk("PLTE", make([]byte, 3)))
	}
	chunks = append(chunks, Chunk("IDAT", deflated(raw)), Chunk("IEND", nil))
	return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join(chunks, nil)...)
}

// Chunk is a chunk of a PNG.
func Chunk(id string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, id...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// deflated is n zeros, a thousandth of that long.
func deflated(n int) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	io.CopyN(w, zeros{}, int64(n))
	w.Close()
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// GIF is one frame of zeros.
func GIF(width, height int) []byte {
	size := binary.LittleEndian.AppendUint16(nil, uint16(width))
	size = binary.LittleEndian.AppendUint16(size, uint16(height))
	out := append(append([]byte("GIF89a"), size...), 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	out = append(append(out, 0x2c, 0, 0, 0, 0), size...)
	out = append(out, 0, 8)
	var codes bytes.Buffer
	w := lzw.NewWriter(&codes, lzw.LSB, 8)
	io.CopyN(w, zeros{}, int64(width*height))
	w.Close()
	for codes.Len() > 0 {
		block := codes.Next(255)
		out = append(append(out, byte(len(block))), block...)
	}
	return append(out, 0, 0x3b)
}
