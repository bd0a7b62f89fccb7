package jpeg

import "fmt"

const (
	markerSOF0  = 0xc0 // baseline
	markerSOF1  = 0xc1 // extended sequential
	markerSOF2  = 0xc2 // progressive
	markerDHT   = 0xc4
	markerJPG   = 0xc8
	markerDAC   = 0xcc
	markerSOF15 = 0xcf
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP14 = 0xee
	markerSOF55 = 0xf7 // JPEG-LS
	markerTEM   = 0x01
)

// untilFrame reads segments up to and with the frame header.
func (d *Decoder) untilFrame() error {
	for {
		marker, err := d.nextMarker()
		if err != nil {
			return err
		}
		switch {
		case marker == markerEOI || marker == markerSOS:
			return fmt.Errorf("%w: no frame header before marker %#x", ErrCorrupt, marker)
		case isFrame(marker):
			return d.readFrame(marker)
		case marker == markerSOF55:
			return fmt.Errorf("%w: JPEG-LS", ErrUnsupported)
		}
		if err := d.readSegment(marker); err != nil {
			return err
		}
	}
}

// scans reads segments from the frame header to the end of the image.
func (d *Decoder) scans(check func() error) error {
	for {
		marker, err := d.nextMarker()
		if err != nil {
			return err
		}
		switch {
		case marker == markerEOI:
			return d.frame.complete()
		case marker == markerSOS:
			err = d.readScan(check)
		case isFrame(marker):
			err = fmt.Errorf("%w: second frame header", ErrCorrupt)
		default:
			err = d.readSegment(marker)
		}
		if err != nil {
			return err
		}
	}
}

func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF15 &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// nextMarker skips to the next marker and returns its code.
func (d *Decoder) nextMarker() (byte, error) {
	for d.pos+1 < len(d.data) {
		code := d.data[d.pos+1]
		if d.data[d.pos] == 0xff && code != 0 && code != 0xff {
			d.pos += 2
			return code, nil
		}
		d.pos++
	}
	return 0, ErrTruncated
}

// segment takes the payload that follows a marker.
func (d *Decoder) segment() ([]byte, error) {
	rest := d.data[d.pos:]
	if len(rest) < 2 {
		return nil, ErrTruncated
	}
	n := int(rest[0])<<8 | int(rest[1])
	if n < 2 {
		return nil, fmt.Errorf("%w: segment of length %d", ErrCorrupt, n)
	}
	if n > len(rest) {
		return nil, ErrTruncated
	}
	d.pos += n
	return rest[2:n], nil
}

// readSegment reads a marker that is neither frame, scan nor end.
func (d *Decoder) readSegment(marker byte) error {
	if marker == markerTEM || marker >= markerRST0 && marker <= markerSOI {
		return nil
	}
	body, err := d.segment()
	if err != nil {
		return err
	}
	switch marker {
	case markerDQT:
		return d.readQuantisation(body)
	case markerDHT:
		return d.readHuffman(body)
	case markerDRI:
		return d.readRestartInterval(body)
	case markerDAC:
		return fmt.Errorf("%w: arithmetic coding", ErrUnsupported)
	case markerAPP0:
		d.jfif = d.jfif || len(body) >= 12 && string(body[:5]) == "JFIF\x00"
	case markerAPP1:
		if d.head.Exif == nil && len(body) > 6 && string(body[:6]) == "Exif\x00\x00" {
			d.head.Exif = body[6:]
		}
	case markerAPP14:
		if len(body) >= 12 && string(body[:5]) == "Adobe" {
			d.adobe, d.adobeTransform = true, body[11]
		}
	}
	return nil
}

func (d *Decoder) readRestartInterval(body []byte) error {
	if len(body) != 2 {
		return fmt.Errorf("%w: restart interval of %d bytes", ErrCorrupt, len(body))
	}
	d.restartInterval = int(body[0])<<8 | int(body[1])
	return nil
}

// readQuantisation stores tables in natural order.
func (d *Decoder) readQuantisation(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		size := 64 << min(wide, 1)
		if wide > 1 || id > 3 || len(body) < 1+size {
			return fmt.Errorf("%w: quantisation table", ErrCorrupt)
		}
		values, table := body[1:1+size], &d.quant[id]
		for zig, natural := range zigzag[:64] {
			if wide == 1 {
				table.steps[natural] = uint16(values[2*zig])<<8 | uint16(values[2*zig+1])
			} else {
				table.steps[natural] = uint16(values[zig])
			}
		}
		table.defined = true
		body = body[1+size:]
	}
	return nil
}

func (d *Decoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 {
			return fmt.Errorf("%w: huffman table", ErrCorrupt)
		}
		class, id, total := body[0]>>4, body[0]&15, 0
		for _, n := range body[1:17] {
			total += int(n)
		}
		if class > 1 || id > 3 || total > 256 || len(body) < 17+total {
			return fmt.Errorf("%w: huffman table", ErrCorrupt)
		}
		if err := d.tables[class][id].define(body[1:17], body[17:17+total]); err != nil {
			return err
		}
		body = body[17+total:]
	}
	return nil
}

// zigzag maps the order of coefficients in the stream to the natural order. The
// last 16 entries catch runs that lead past the end of a corrupt block.
var zigzag = [64 + 16]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}
