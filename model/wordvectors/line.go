package wordvectors

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// split parts a line before its last dim fields, which a space or tab
// separates: words may hold spaces, numbers do not. ok is false where the line
// has too few fields for a word and dim numbers.
func split(line []byte, dim int) (word, numbers []byte, ok bool) {
	line = bytes.TrimRight(line, " \t\r\n")
	if bytes.Count(line, []byte{' '}) == dim && bytes.IndexByte(line, '\t') < 0 { // all lines but a few
		word, numbers, _ = bytes.Cut(line, []byte{' '})
		return word, numbers, true
	}
	end := len(line)
	for range dim {
		end = fieldBefore(line, end)
		if end == 0 {
			return nil, nil, false
		}
		end = gapBefore(line, end)
	}
	return line[:end], line[end:], true
}

// fieldBefore is where the field that ends at end begins.
func fieldBefore(line []byte, end int) int {
	for end > 0 && !isGap(line[end-1]) {
		end--
	}
	return end
}

// gapBefore is where the gap that ends at end begins.
func gapBefore(line []byte, end int) int {
	for end > 0 && isGap(line[end-1]) {
		end--
	}
	return end
}

func isGap(b byte) bool { return b == ' ' || b == '\t' }

func fields(text []byte) [][]byte {
	return bytes.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
}

// parse reads the numbers of a line, len(dst) of them.
func parse(dst []float32, numbers []byte) error {
	texts := fields(numbers)
	if len(texts) != len(dst) {
		return fmt.Errorf("%d numbers, want %d", len(texts), len(dst))
	}
	for i, text := range texts {
		x, ok := number(text)
		if !ok {
			return fmt.Errorf("value %d is %.40q, no finite number", i+1, text)
		}
		dst[i] = x
	}
	return nil
}

// number reads a finite number.
func number(text []byte) (x float32, ok bool) {
	f, err := strconv.ParseFloat(string(text), 32)
	return float32(f), err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// trailing counts the numbers that a line ends with, its first field left out,
// which is a word even where it looks like a number.
func trailing(line []byte) int {
	texts := fields(line)
	n := 0
	for i := len(texts) - 1; i > 0; i-- {
		if _, ok := number(texts[i]); !ok {
			break
		}
		n++
	}
	return n
}
