package resize

func packLow(pair [][3]int64, rgb []byte) {
	rgb = rgb[:3*len(pair)]
	for i := range pair {
		s := rgb[:3:3]
		pair[i] = [3]int64{int64(s[0]), int64(s[1]), int64(s[2])}
		rgb = rgb[3:]
	}
}

func packHigh(pair [][3]int64, rgb []byte) {
	rgb = rgb[:3*len(pair)]
	for i := range pair {
		s, p := rgb[:3:3], &pair[i]
		p[0] |= int64(s[0]) << 32
		p[1] |= int64(s[1]) << 32
		p[2] |= int64(s[2]) << 32
		rgb = rgb[3:]
	}
}

// scaleAcross applies the windows to both rows of the pair and stores each as
// 8-bit samples, two neighbours per lane: [lanes] RGBRGB….
func scaleAcross(first, second []int64, pair [][3]int64, windows []window) {
	const half = 1<<(fractionBits-1) | 1<<(fractionBits-1+32)
	lane := 0
	for o := 0; o+1 < len(windows); o += 2 {
		a, b := dot(pair, &windows[o]), dot(pair, &windows[o+1])
		f, s := first[lane:lane+3:lane+3], second[lane:lane+3:lane+3]
		f[0], s[0] = split(a[0]+half, a[1]+half)
		f[1], s[1] = split(a[2]+half, b[0]+half)
		f[2], s[2] = split(b[1]+half, b[2]+half)
		lane += 3
	}
	if len(windows)%2 == 1 {
		a := dot(pair, &windows[len(windows)-1])
		first[lane], second[lane] = split(a[0]+half, a[1]+half)
		first[lane+1], second[lane+1] = split(a[2]+half, half)
	}
}

// dot is the weighted sum of the window's samples, per channel.
func dot(pair [][3]int64, w *window) (sum [3]int64) {
	weights := w.weights
	samples := pair[w.start:]
	samples = samples[:len(weights)]
	var r, g, b int64
	for i, k := range weights {
		s, k := &samples[i], int64(k)
		r += k * s[0]
		g += k * s[1]
		b += k * s[2]
	}
	return [3]int64{r, g, b}
}

// split rounds two lanes, each of (row 0 low, row 1 high), into one lane per row.
func split(a, b int64) (row0, row1 int64) {
	a0, a1 := int64(int32(a)), a-int64(int32(a))
	b0, b1 := int64(int32(b)), b-int64(int32(b))
	row0 = clip(a0>>fractionBits) | clip(b0>>fractionBits)<<32
	row1 = clip(a1>>(fractionBits+32)) | clip(b1>>(fractionBits+32))<<32
	return row0, row1
}

// addRows adds the two rows, weighted, to the column sums. All slices are [lanes].
func addRows(sums, first, second []int64, w0, w1 int64) {
	first, second = first[:len(sums)], second[:len(sums)]
	for i := range sums {
		sums[i] += w0*first[i] + w1*second[i]
	}
}

func unpack(dst []byte, sums []int64) {
	for i := 0; i+1 < len(dst); i += 2 {
		low := int64(int32(sums[i/2]))
		dst[i] = byte(clip(low >> fractionBits))
		dst[i+1] = byte(clip((sums[i/2] - low) >> (fractionBits + 32)))
	}
	if len(dst)%2 == 1 {
		dst[len(dst)-1] = byte(clip(int64(int32(sums[len(sums)-1])) >> fractionBits))
	}
}

func clip(v int64) int64 { return max(0, min(v, 255)) }
