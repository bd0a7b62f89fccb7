package decode_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
)

// jpegOfSize returns jpeg with another size in its frame header.
func jpegOfSize(jpeg []byte, width, height int) []byte {
	out := bytes.Clone(jpeg)
	frame := bytes.Index(out, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(out[frame+5:], uint16(height))
	binary.BigEndian.PutUint16(out[frame+7:], uint16(width))
	return out
}

func pngOfSize(png []byte, width, height uint32) []byte {
	out := bytes.Clone(png)
	binary.BigEndian.PutUint32(out[16:], width)
	binary.BigEndian.PutUint32(out[20:], height)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func gifOfSize(width, height uint16) []byte {
	out := []byte("GIF89a")
	out = binary.LittleEndian.AppendUint16(out, width)
	out = binary.LittleEndian.AppendUint16(out, height)
	out = append(out, 0, 0, 0)
	return append(out, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0, 0x3b)
}

func gifWithFrame(width, height uint16) []byte {
	out := gifOfSize(1, 1)
	binary.LittleEndian.PutUint16(out[18:], width)
	binary.LittleEndian.PutUint16(out[20:], height)
	return out
}

func webpChunk(id string, data ...byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	return append(out, data...)
}

func webpOfSize(width, height int) []byte {
	w, h := width-1, height-1
	return webpFile(webpChunk("VP8X", 0, 0, 0, 0, byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16)),
		losslessBits(16, 16))
}

func losslessOfSize(width, height int) []byte { return webpFile(losslessBits(width, height)) }

func webpWithBitstream(width, height, bitsWidth, bitsHeight int) []byte {
	w, h := width-1, height-1
	return webpFile(webpChunk("VP8X", 0, 0, 0, 0, byte(w), byte(w>>8), 0, byte(h), byte(h>>8), 0),
		losslessBits(bitsWidth, bitsHeight))
}

func losslessBits(width, height int) []byte {
	size := uint32(width-1) | uint32(height-1)<<14
	data := binary.LittleEndian.AppendUint32([]byte{0x2f}, size)
	return webpChunk("VP8L", append(data, make([]byte, 20)...)...)
}

func webpFile(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func bmpOfSize(width, height int32, depth uint16, compression uint32) []byte {
	out := append([]byte("BM"), make([]byte, 52)...)
	binary.LittleEndian.PutUint32(out[10:], 54)
	binary.LittleEndian.PutUint32(out[14:], 40)
	binary.LittleEndian.PutUint32(out[18:], uint32(width))
	binary.LittleEndian.PutUint32(out[22:], uint32(height))
	binary.LittleEndian.PutUint16(out[28:], depth)
	binary.LittleEndian.PutUint32(out[30:], compression)
	return out
}

// flatPNG is an 8-bit gray image of one colour.
func flatPNG(width, height int) []byte {
	return pngFile(width, height, 8, 0, 0, make([]byte, (width+1)*height))
}

// interlacedPNG is a 16-bit RGBA image; sides are multiples of 8.
func interlacedPNG(width, height int) []byte {
	rows := height/8*2 + height/8 + height/4 + height/4 + height/2 + height/2
	return pngFile(width, height, 16, 6, 1, make([]byte, 8*width*height+rows))
}

func pngFile(width, height int, depth, colour, interlace byte, raw []byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, depth, colour, 0, 0, interlace)
	var data bytes.Buffer
	w := zlib.NewWriter(&data)
	w.Write(raw)
	w.Close()
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []struct {
		id   string
		data []byte
	}{{"IHDR", header}, {"IDAT", data.Bytes()}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		start := len(out)
		out = append(append(out, c.id...), c.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	return out
}

// inflatable is raw as a zlib stream.
func inflatable(raw []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(raw)
	w.Close()
	return out.Bytes()
}
