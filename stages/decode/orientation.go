package decode

import "encoding/binary"

const (
	tagOrientation = 0x0112
	typeShort      = 3
)

// orientation reads the Exif orientation, 1-8, from a TIFF structure; anything
// missing or odd is 1, upright.
func orientation(exif []byte) int {
	order := byteOrder(exif)
	if order == nil {
		return 1
	}
	offset := uint64(order.Uint32(exif[4:]))
	if offset+2 > uint64(len(exif)) {
		return 1
	}
	entries := exif[offset+2:]
	for range order.Uint16(exif[offset:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			return upright(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 1
}

func byteOrder(exif []byte) binary.ByteOrder {
	switch {
	case len(exif) < 8:
		return nil
	case has(exif, 0, "II*\x00"):
		return binary.LittleEndian
	case has(exif, 0, "MM\x00*"):
		return binary.BigEndian
	}
	return nil
}

func upright(value uint16) int {
	if value < 1 || value > 8 {
		return 1
	}
	return int(value)
}
