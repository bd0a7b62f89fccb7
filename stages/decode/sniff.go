package decode

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Formats as Info.Format names them.
const (
	FormatJPEG = "jpeg"
	FormatPNG  = "png"
	FormatGIF  = "gif"
	FormatWebP = "webp"
	FormatBMP  = "bmp"
)

// Sniff names the format of an encoded image by its first bytes, never by its
// file name. decodable is false for formats that are only recognised; the name
// is empty for anything else.
func Sniff(body []byte) (format string, decodable bool) {
	switch {
	case has(body, 0, "\xff\xd8\xff"):
		return FormatJPEG, true
	case has(body, 0, pngSignature):
		return FormatPNG, true
	case has(body, 0, "GIF87a"), has(body, 0, "GIF89a"):
		return FormatGIF, true
	case has(body, 0, "RIFF") && has(body, 8, "WEBP"):
		return FormatWebP, true
	case isBMP(body):
		return FormatBMP, true
	}
	return sniffForeign(body), false
}

// foreign lists signatures of formats that are not decoded.
var foreign = []struct {
	offset        int
	magic, format string
}{
	{0, "II*\x00", "tiff"}, {0, "MM\x00*", "tiff"}, {0, "II+\x00", "tiff"}, {0, "MM\x00+", "tiff"},
	{0, "8BPS", "psd"},
	{0, "\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"}, {0, "\xff\x4f\xff\x51", "jpeg2000"},
	{0, "\x00\x00\x00\x0cJXL \r\n\x87\n", "jpegxl"}, {0, "\xff\x0a", "jpegxl"},
	{0, "\x00\x00\x01\x00", "ico"}, {0, "\x00\x00\x02\x00", "cur"},
	{0, "\x8aMNG\r\n\x1a\n", "mng"}, {0, "qoif", "qoi"}, {0, "v/1\x01", "openexr"},
	{0, "#?RADIANCE", "hdr"}, {0, "DDS ", "dds"}, {0, "%PDF-", "pdf"}, {0, "gimp xcf", "xcf"},
	{0, "II\xbc\x01", "jpegxr"}, {0, "BPG\xfb", "bpg"}, {0, "FLIF", "flif"}, {0, "icns", "icns"},
	{0, "\x8bJNG\r\n\x1a\n", "jng"}, {0, "farbfeld", "farbfeld"}, {0, "AT&TFORM", "djvu"},
	{0, "SIMPLE  =", "fits"}, {128, "DICM", "dicom"}, {0, "\x97JB2\r\n\x1a\n", "jbig2"},
	{0, "\x59\xa6\x6a\x95", "sun"}, {0, "\xd7\xcd\xc6\x9a", "wmf"}, {40, " EMF", "emf"}, {0, "%!PS", "postscript"},
	{0, "/* XPM */", "xpm"}, {0, "\xabKTX ", "ktx"}, {0, "IIRO", "orf"}, {0, "IIU\x00", "rw2"}, {0, "FUJIFILMCCD-RAW", "raf"},
}

func sniffForeign(body []byte) string {
	for _, f := range foreign {
		if has(body, f.offset, f.magic) {
			return f.format
		}
	}
	if has(body, 4, "ftyp") {
		return isoFormat(body)
	}
	if len(body) > 2 && body[0] == 'P' && body[1] >= '1' && body[1] <= '7' && strings.IndexByte(" \t\r\n", body[2]) >= 0 {
		return "pnm"
	}
	head := bytes.TrimLeft(body[:min(len(body), 1024)], "\xef\xbb\xbf \t\r\n")
	if has(head, 0, "<svg") || (has(head, 0, "<?xml") || has(head, 0, "<!")) && bytes.Contains(head, []byte("<svg")) {
		return "svg"
	}
	return ""
}

// isoFormat goes by the major brand of an ISO media file, or by the first
// compatible one that is an image's.
func isoFormat(body []byte) string {
	length := min(int64(binary.BigEndian.Uint32(body)), int64(len(body)), 1024)
	for at := int64(8); at+4 <= length; at += 4 {
		if at == 12 {
			continue // a version
		}
		if format := isoBrand(string(body[at : at+4])); format != "" {
			return format
		}
	}
	return ""
}

// isoBrand names the image formats among the ISO media files.
func isoBrand(brand string) string {
	switch brand {
	case "avif", "avis":
		return "avif"
	case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1":
		return "heif"
	case "crx ":
		return "cr3"
	}
	return ""
}

// isBMP wants a known header size too: two letters alone are too little.
func isBMP(body []byte) bool {
	if !has(body, 0, "BM") || len(body) < 18 {
		return false
	}
	switch binary.LittleEndian.Uint32(body[14:]) {
	case 12, 16, 40, 52, 56, 64, 108, 124:
		return true
	}
	return false
}

func has(body []byte, offset int, magic string) bool {
	return len(body) >= offset+len(magic) && string(body[offset:offset+len(magic)]) == magic
}
