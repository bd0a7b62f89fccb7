package decodetest

import (
	"bytes"
	"encoding/binary"
)

// Baseline is a gray JPEG of one colour, whose blocks take two bits each.
func Baseline(width, height int) []byte {
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	return jpeg(frame(0xc0, width, height, 1),
		codes(0x00, 0), codes(0x10, 0), scan(1, 0, 63, 2*blocks))
}

// ProgressiveCMYK is a progressive JPEG of four full components. Each of its
// rounds of scans passes over all coefficients.
func ProgressiveCMYK(width, height, rounds int) []byte {
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	const run = 14 // one code ends the band of 1<<run blocks
	parts := [][]byte{frame(0xc2, width, height, 4), codes(0x00, 0), codes(0x10, run<<4), scan(4, 0, 0, 4*blocks)}
	for range rounds {
		for component := range 4 {
			bits := (blocks>>run + 1) * (1 + run)
			parts = append(parts, scanOf([]byte{byte(component + 1)}, 1, 63, bits))
		}
	}
	return jpeg(parts...)
}

func jpeg(segments ...[]byte) []byte {
	table := segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))
	out := append([]byte{0xff, 0xd8}, table...)
	return append(append(out, bytes.Join(segments, nil)...), 0xff, 0xd9)
}

func segment(marker byte, data []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(data)))
	return append(out, data...)
}

func frame(marker byte, width, height, components int) []byte {
	data := binary.BigEndian.AppendUint16([]byte{8}, uint16(height))
	data = append(binary.BigEndian.AppendUint16(data, uint16(width)), byte(components))
	for i := range components {
		data = append(data, byte(i+1), 0x11, 0)
	}
	return segment(marker, data)
}

// codes is a Huffman table whose only code is a zero bit.
func codes(id, symbol byte) []byte {
	return segment(0xc4, append(append([]byte{id, 1}, make([]byte, 15)...), symbol))
}

func scan(components int, start, end byte, bits int) []byte {
	ids := make([]byte, components)
	for i := range ids {
		ids[i] = byte(i + 1)
	}
	return scanOf(ids, start, end, bits)
}

// scanOf is a scan whose data are zero bits.
func scanOf(ids []byte, start, end byte, bits int) []byte {
	data := []byte{byte(len(ids))}
	for _, id := range ids {
		data = append(data, id, 0)
	}
	return append(segment(0xda, append(data, start, end, 0)), make([]byte, (bits+7)/8)...)
}

// withExif adds an orientation to a JPEG.
func withExif(body []byte, orientation byte) []byte {
	exif := append([]byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), orientation, 0, 0, 0, 0, 0, 0, 0)
	return append(append(bytes.Clone(body[:2]), segment(0xe1, exif)...), body[2:]...)
}
