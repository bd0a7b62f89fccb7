package decode

// unpackRuns decodes the run lengths of a BMP, 4 or 8 bits per pixel, into
// indices, rows of width pixels in stored order. Pixels that the runs pass over
// stay as they are; runs past the end of a row are cut off.
func unpackRuns(indices []byte, width int, data []byte, depth int, check func() error) error {
	x, y, height := 0, 0, len(indices)/width
	put := func(v byte) {
		if x < width && y < height {
			indices[y*width+x] = v
		}
		x++
	}
	for step := 0; y < height; step++ {
		if step%4096 == 0 {
			if err := check(); err != nil {
				return err
			}
		}
		if len(data) < 2 {
			return refuse(CodeTruncated, "bmp ends in row %d of %d", y, height)
		}
		count, value := int(data[0]), data[1]
		data = data[2:]
		switch {
		case count > 0:
			for i := range count {
				put(nibble(value, i, depth))
			}
		case value == 0:
			x, y = 0, y+1
		case value == 1:
			return nil
		case value == 2:
			if len(data) < 2 {
				return refuse(CodeTruncated, "bmp ends in row %d of %d", y, height)
			}
			x, y, data = x+int(data[0]), y+int(data[1]), data[2:]
		default:
			n := (int(value)*depth + 7) / 8
			if n > len(data) {
				return refuse(CodeTruncated, "bmp ends in row %d of %d", y, height)
			}
			for i := range int(value) {
				put(nibble(data[i*depth/8], i, depth))
			}
			data = data[min(n+n%2, len(data)):]
		}
	}
	return nil
}

// nibble is pixel i of a byte that is one pixel of 8 bits or two of 4.
func nibble(v byte, i, depth int) byte {
	switch {
	case depth == 8:
		return v
	case i%2 == 0:
		return v >> 4
	}
	return v & 15
}
