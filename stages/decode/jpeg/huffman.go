package jpeg

import "fmt"

// quickBits is the length of code that one table look-up decodes.
const quickBits = 9

// huffman decodes one table's codes.
type huffman struct {
	defined bool
	quick   [1 << quickBits]uint16 // length<<8 | value by leading bits; 0 for longer codes
	end     [17]int32              // by length: one past the last code, aligned to 16 bits
	offset  [17]int32              // by length: what to add to a code to index values
	values  [256]uint8
}

// define builds the table from the number of codes of each length 1-16 and the
// values in order of their codes.
func (h *huffman) define(counts, values []byte) error {
	h.quick = [1 << quickBits]uint16{}
	copy(h.values[:], values)
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		if code+n > 1<<length {
			return fmt.Errorf("%w: huffman table has too many codes", ErrCorrupt)
		}
		h.offset[length] = index - code
		for range n {
			h.addQuick(code, length, h.values[index])
			code++
			index++
		}
		h.end[length] = code << (16 - length)
		code <<= 1
	}
	h.defined = true
	return nil
}

func (h *huffman) addQuick(code int32, length int, value uint8) {
	if length > quickBits {
		return
	}
	spare := quickBits - length
	first := int(code) << spare
	for i := first; i < first+1<<spare; i++ {
		h.quick[i] = uint16(length)<<8 | uint16(value)
	}
}

// slow decodes a code longer than quickBits from the next 16 bits. A length of
// 0 means that no code matches.
func (h *huffman) slow(next int32) (value uint8, length uint) {
	for l := quickBits + 1; l <= 16; l++ {
		if next < h.end[l] {
			return h.values[(next>>(16-l)+h.offset[l])&255], uint(l)
		}
	}
	return 0, 0
}
