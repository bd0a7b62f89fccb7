package decode_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/stages/decode/decodetest"
)

// odd is a body that a format allows, forbids or does not speak of.
type odd struct {
	name string
	body []byte
	want string // code; "" decodes
}

// replaced is body with the bytes at an offset behind the first marker changed.
func replaced(body []byte, marker string, offset int, with ...byte) []byte {
	out := bytes.Clone(body)
	copy(out[bytes.Index(out, []byte(marker))+offset:], with)
	return out
}

// inserted is body with more before the first marker.
func inserted(body []byte, marker string, more ...byte) []byte {
	return slices.Insert(bytes.Clone(body), bytes.Index(body, []byte(marker)), more...)
}

// without is body without the n bytes from the first marker on.
func without(body []byte, marker string, n int) []byte {
	at := bytes.Index(body, []byte(marker))
	return slices.Delete(bytes.Clone(body), at, at+n)
}

func oddPNG(t *testing.T) []odd {
	png := func(header []byte, chunks ...[]byte) []byte {
		return append([]byte("\x89PNG\r\n\x1a\n"), append(decodetest.Chunk("IHDR", header), bytes.Join(chunks, nil)...)...)
	}
	header := func(depth, colour, interlace byte) []byte {
		return []byte{0, 0, 0, 2, 0, 0, 0, 2, depth, colour, 0, 0, interlace}
	}
	pixels := func(raw ...byte) []byte { return decodetest.Chunk("IDAT", inflatable(raw)) }
	end, none := decodetest.Chunk("IEND", nil), decodetest.Chunk("IDAT", nil)
	gray, indexed := pixels(0, 1, 2, 0, 3, 4), pixels(0, 0, 200, 0, 1, 255)
	colours := decodetest.Chunk("PLTE", []byte{9, 9, 9})
	whole := png(header(8, 0, 0), gray, end)
	return []odd{
		{"as it should be", whole, ""},
		{"many empty IDAT", png(header(8, 0, 0), bytes.Repeat(none, 5000), gray, bytes.Repeat(none, 5000), end), ""},
		{"bytes behind the end", append(bytes.Clone(whole), "<?php"...), ""},
		{"a profile of 8 MB", png(header(8, 0, 0), decodetest.Chunk("iCCP", make([]byte, 8<<20)), gray, end), ""},
		{"animation", png(header(8, 0, 0), decodetest.Chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), gray, decodetest.Chunk("fdAT", make([]byte, 40)), end), ""},
		{"index without a colour", png(header(8, 3, 0), colours, indexed, end), ""},
		{"no IDAT", png(header(8, 0, 0), end), decode.CodeCorrupt},
		{"only empty IDAT", png(header(8, 0, 0), none, end), decode.CodeCorrupt},
		{"no palette", png(header(8, 3, 0), indexed, end), decode.CodeCorrupt},
		{"palette of 257", png(header(8, 3, 0), decodetest.Chunk("PLTE", make([]byte, 3*257)), indexed, end), decode.CodeCorrupt},
		{"two headers", png(header(8, 0, 0), decodetest.Chunk("IHDR", header(8, 0, 0)), gray, end), decode.CodeCorrupt},
		{"depth 3", png(header(3, 0, 0), gray, end), decode.CodeUnsupportedFormat},
		{"colour type 5", png(header(8, 5, 0), gray, end), decode.CodeUnsupportedFormat},
		{"interlace 2", png(header(8, 0, 2), gray, end), decode.CodeCorrupt},
		{"filter 9", png(header(8, 0, 0), pixels(9, 1, 2, 0, 3, 4), end), decode.CodeCorrupt},
		{"too few pixels", png(header(8, 0, 0), pixels(0, 1, 2), end), decode.CodeCorrupt},
		{"chunk of 4 GB", replaced(whole, "IDAT", -4, 0xff, 0xff, 0xff, 0xff), decode.CodeCorrupt},
		{"chunk longer than the file", replaced(whole, "IDAT", -4, 0, 0xff, 0, 0), decode.CodeCorrupt},
		{"header of 12 bytes", replaced(whole, "IHDR", -4, 0, 0, 0, 12), decode.CodeCorrupt},
		{"checksum", replaced(whole, "IEND", 4, 0, 0, 0, 0), decode.CodeCorrupt},
		{"signature twice", append([]byte("\x89PNG\r\n\x1a\n"), whole...), decode.CodeCorrupt},
	}
}

func oddJPEG(t *testing.T) []odd {
	jpeg := readFile(t, "testdata/jpeg-rgb-420-baseline.jpg")
	gray := decodetest.Baseline(40, 24)
	const frame, tables, codes, scan = "\xff\xc0", "\xff\xdb", "\xff\xc4", "\xff\xda"
	segment := func(marker byte, data ...byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(data))), data...)
	}
	loop := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"), 0, 0, 0, 8)
	return []odd{
		{"as it should be", jpeg, ""},
		{"gray", gray, ""},
		{"bytes behind the end", append(bytes.Clone(jpeg), "PK\x03\x04"...), ""},
		{"fill bytes", inserted(jpeg, frame, bytes.Repeat([]byte{0xff}, 1000)...), ""},
		{"Exif that leads to itself", inserted(jpeg, frame, segment(0xe1, loop...)...), ""},
		{"sixteen profiles", inserted(jpeg, frame, bytes.Repeat(segment(0xe2, make([]byte, 65000)...), 16)...), ""},
		{"a comment in the way", inserted(jpeg, scan, segment(0xfe, 1, 2, 3)...), ""},
		{"restarts announced, none come", inserted(gray, scan, segment(0xdd, 0, 1)...), decode.CodeTruncated},
		{"restart interval of 3 bytes", inserted(gray, scan, segment(0xdd, 0, 1, 2)...), decode.CodeCorrupt},
		{"no quantisation", without(gray, tables, 69), decode.CodeCorrupt},
		{"no codes, progressive", without(decodetest.ProgressiveCMYK(40, 24, 1), codes, 21), decode.CodeCorrupt},
		{"too many codes", replaced(gray, codes, 5, 255), decode.CodeCorrupt},
		{"lossless", replaced(jpeg, frame, 1, 0xc3), decode.CodeUnsupportedFormat},
		{"hierarchical", replaced(jpeg, frame, 1, 0xc5), decode.CodeUnsupportedFormat},
		{"arithmetic", replaced(jpeg, frame, 1, 0xc9), decode.CodeUnsupportedFormat},
		{"JPEG-LS", replaced(jpeg, frame, 1, 0xf7), decode.CodeUnsupportedFormat},
		{"12 bits", replaced(jpeg, frame, 4, 12), decode.CodeUnsupportedFormat},
		{"height told later", replaced(jpeg, frame, 5, 0, 0), decode.CodeCorrupt},
		{"two components", replaced(gray, frame, 9, 2), decode.CodeCorrupt},
		{"sampling 3:2", replaced(replaced(jpeg, frame, 11, 0x31), frame, 14, 0x21), decode.CodeUnsupportedFormat},
		{"sampling 0", replaced(jpeg, frame, 11, 0), decode.CodeCorrupt},
		{"two frames", inserted(jpeg, scan, jpeg[bytes.Index(jpeg, []byte(frame)):][:19]...), decode.CodeCorrupt},
		{"component nobody has", replaced(jpeg, scan, 5, 77), decode.CodeCorrupt},
		{"segment of 1 byte", inserted(jpeg, frame, 0xff, 0xe5, 0, 1), decode.CodeCorrupt},
		{"only markers", []byte("\xff\xd8\xff\xd8\xff\xd8\xff\xd9"), decode.CodeCorrupt},
	}
}

func oddGIF(t *testing.T) []odd {
	gif := decodetest.GIF(20, 10)
	const frame = "\x2c\x00\x00\x00\x00"
	return []odd{
		{"as it should be", gif, ""},
		{"no trailer", gif[:len(gif)-1], ""},
		{"script behind the end", append(bytes.Clone(gif), "*/=1;alert(1)"...), ""},
		{"no colours", replaced(without(gif, "\x00\x00\x00\xff\xff\xff", 6), "GIF89a", 10, 0), ""},
		{"comments", inserted(gif, frame, bytes.Repeat([]byte{0x21, 0xfe, 2, 'h', 'i', 0}, 10_000)...), ""},
		{"frame outside the canvas", replaced(gif, frame, 1, 50, 0, 50, 0), ""},
		{"frame of no width", replaced(gif, frame, 5, 0, 0), decode.CodeCorrupt},
		{"frame far outside", replaced(gif, frame, 1, 255, 255, 255, 255), decode.CodeTooManyPixels},
		{"codes of 0 bits", replaced(gif, frame, 10, 0), decode.CodeCorrupt},
		{"codes of 12 bits", replaced(gif, frame, 10, 12), decode.CodeCorrupt},
		{"impossible code", replaced(gif, frame, 12, 0xff, 0xff, 0xff), decode.CodeCorrupt},
		{"pixels end early", replaced(gif, frame, 12, 0x00, 0x03, 0x02), decode.CodeCorrupt},
		{"no frame", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), decode.CodeCorrupt},
	}
}

func oddBMP(t *testing.T) []odd {
	bmp := decodetest.RunLengthBMP(8, 4)
	runs := func(data ...byte) []byte { return append(bytes.Clone(bmp[:58]), data...) }
	return []odd{
		{"no runs", bmp, ""},
		{"runs that leave the row", runs(255, 7, 0, 0, 255, 7, 0, 1), ""},
		{"jump out of the image", runs(0, 2, 255, 255), ""},
		{"runs end early", runs(3, 7), decode.CodeTruncated},
		{"jump ends early", runs(0, 2, 1), decode.CodeTruncated},
		{"literals end early", runs(0, 200, 1), decode.CodeTruncated},
		{"negative width", replaced(bmp, "BM", 18, 0xf8, 0xff, 0xff, 0xff), decode.CodeTooManyPixels},
		{"depth 3", replaced(bmp, "BM", 28, 3), decode.CodeUnsupportedFormat},
		{"depth 64", replaced(bmp, "BM", 28, 64), decode.CodeUnsupportedFormat},
		{"a JPEG inside", replaced(bmp, "BM", 30, 4), decode.CodeUnsupportedFormat},
		{"pixels behind the end", replaced(bmp, "BM", 10, 0xff, 0xff, 0xff, 0xff), decode.CodeTruncated},
		{"header of 30 bytes", replaced(bmp, "BM", 14, 30), decode.CodeUnknownFormat},
	}
}

func oddWebP(t *testing.T) []odd {
	still, lossy := decodetest.Lossless(40, 24), decodetest.Lossy(40, 24)
	chunk := func(id string, data ...byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data))), data...)
	}
	return []odd{
		{"lossless", still, ""},
		{"lossy", lossy, ""},
		{"bytes behind the end", append(bytes.Clone(still), "PK\x03\x04"...), ""},
		{"profile first", decodetest.WebP(chunk("ICCP", make([]byte, 1<<20)...), still[12:]), ""},
		{"nothing inside", decodetest.WebP(), decode.CodeCorrupt},
		{"only alpha", decodetest.WebP(chunk("ALPH", make([]byte, 20)...)), decode.CodeCorrupt},
		{"frames in frames", decodetest.NestedFrames(1000), decode.CodeCorrupt},
		{"length of 0", replaced(still, "RIFF", 4, 0, 0, 0, 0), decode.CodeCorrupt},
		{"length of 4 GB", replaced(still, "RIFF", 4, 255, 255, 255, 255), decode.CodeTruncated},
		{"chunk of 4 GB", replaced(still, "VP8L", 4, 255, 255, 255, 255), decode.CodeCorrupt},
		{"short header", decodetest.WebP(chunk("VP8X", 1, 2, 3, 4)), decode.CodeTruncated},
		{"version 7", replaced(still, "VP8L", 12, 0xe0), decode.CodeCorrupt},
		{"no key frame", replaced(lossy, "VP8 ", 8, 1), decode.CodeCorrupt},
		{"wrong sign of a lossless image", replaced(still, "VP8L", 8, 0), decode.CodeCorrupt},
		{"too many groups", decodetest.Groups(2601), decode.CodeCorrupt},
	}
}

// TestOddities pins what becomes of bodies that bend or break their format.
func TestOddities(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{})
	for format, make := range map[string]func(*testing.T) []odd{"png": oddPNG, "jpeg": oddJPEG, "gif": oddGIF, "bmp": oddBMP, "webp": oddWebP} {
		for _, o := range make(t) {
			t.Run(format+"/"+o.name, func(t *testing.T) {
				if _, err := d.Decode(t.Context(), o.body, dst); code(t, err) != o.want {
					t.Errorf("%v, want %q", err, o.want)
				}
			})
		}
	}
}

// TestEndlessRuns: the time limit holds where a bitmap never ends a row.
func TestEndlessRuns(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{Timeout: time.Millisecond})
	if _, err := d.Decode(t.Context(), decodetest.EndlessRuns(4<<20), dst); code(t, err) != decode.CodeTimeout {
		t.Errorf("%v, want a timeout", err)
	}
}

// TestMillionsOfNestedFrames: a file of nothing but frames in frames costs its
// image, not the process its stack.
func TestMillionsOfNestedFrames(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{})
	if _, err := d.Decode(t.Context(), decodetest.NestedFrames(2_700_000), dst); code(t, err) != decode.CodeCorrupt {
		t.Errorf("%v, want code %s", err, decode.CodeCorrupt)
	}
}

// TestForeignFormats: what is not decoded is called by its name.
func TestForeignFormats(t *testing.T) {
	d, dst := newDecoder(t, decode.Limits{})
	box := func(brands ...string) []byte {
		body := strings.Join(brands, "")
		return append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), "ftyp"+body...)
	}
	for body, want := range map[string]string{
		"II*\x00....": "tiff", "MM\x00*....": "tiff", "II+\x00": "tiff", "8BPS\x00\x01": "psd", "\x00\x00\x01\x00\x01\x00": "ico", "\x00\x00\x02\x00\x01\x00": "cur",
		"P6\n1 1\n255\n...": "pnm", "P4 8 1 .": "pnm", "P7\nWIDTH 1\n": "pnm", "\xff\x0a\x00": "jpegxl", "\x00\x00\x00\x0cJXL \r\n\x87\n": "jpegxl",
		"\x00\x00\x00\x0cjP  \r\n\x87\n": "jpeg2000", "\xff\x4f\xff\x51\x00": "jpeg2000", "II\xbc\x01": "jpegxr", "qoif\x00": "qoi", "DDS |": "dds",
		"\x8aMNG\r\n\x1a\n": "mng", "\x8bJNG\r\n\x1a\n": "jng", "%PDF-1.7": "pdf", "%!PS-Adobe-3.0 EPSF": "postscript", "gimp xcf v011": "xcf",
		"v/1\x01\x02": "openexr", "#?RADIANCE\n": "hdr", "BPG\xfb": "bpg", "FLIF": "flif", "icns\x00": "icns", "farbfeld": "farbfeld",
		"SIMPLE  =  T": "fits", strings.Repeat("\x00", 128) + "DICM": "dicom", "AT&TFORM": "djvu", "\x59\xa6\x6a\x95": "sun", "/* XPM */": "xpm",
		"<svg xmlns": "svg", "\xef\xbb\xbf<?xml version='1.0'?><!-- x --><svg>": "svg", "FUJIFILMCCD-RAW 0201": "raf",
		string(box("heic", "\x00\x00\x00\x00", "mif1", "heic")): "heif", string(box("mif1", "\x00\x00\x00\x00", "avif")): "heif",
		string(box("avif", "\x00\x00\x00\x00", "mif1")): "avif", string(box("jxyz", "\x00\x00\x00\x00", "avif")): "avif", string(box("crx ", "\x00\x00\x00\x01")): "cr3",
	} {
		info, err := d.Decode(t.Context(), []byte(body), dst)
		if c := code(t, err); c != decode.CodeUnsupportedFormat || info.Format != want || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q is called %q: %v, want %q", body, info.Format, err, want)
		}
	}
	for _, body := range []string{"<html>", "PK\x03\x04", "\x7fELF", "MZ", "BM", "GIF88a", "RIFF....WAVE", "ID3", string(box("isom", "\x00\x00\x02\x00", "mp41")), "\x89PNG\n\x1a\n"} {
		if _, err := d.Decode(t.Context(), []byte(body), dst); code(t, err) != decode.CodeUnknownFormat {
			t.Errorf("%q: %v", body, err)
		}
	}
}
