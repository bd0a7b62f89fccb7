package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
)

func constant(v Value) func(*machine) error {
	return func(m *machine) error { return m.push(v) }
}

// pushNew pushes a value whose making costs size bytes.
func (m *machine) pushNew(v Value, size int) error {
	if err := m.charge(size); err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) uint8() error {
	n, err := m.uint(1)
	if err != nil {
		return err
	}
	return m.push(int64(n))
}

func (m *machine) uint16() error {
	n, err := m.uint(2)
	if err != nil {
		return err
	}
	return m.pushNew(int64(n), scalarCost)
}

func (m *machine) int32() error {
	n, err := m.uint(4)
	if err != nil {
		return err
	}
	return m.pushNew(int64(int32(n)), scalarCost)
}

func (m *machine) binFloat() error {
	b, err := m.take(8)
	if err != nil {
		return err
	}
	return m.pushNew(math.Float64frombits(binary.BigEndian.Uint64(b)), scalarCost)
}

func (m *machine) long1() error { return m.long(1) }

func (m *machine) long4() error { return m.long(4) }

func (m *machine) long(width int) error {
	n, err := m.uint(width)
	if err != nil {
		return err
	}
	if n > maxLongBytes {
		return fmt.Errorf("an integer of %d bytes exceeds the limit of %d", n, maxLongBytes)
	}
	b, err := m.take(int(n))
	if err != nil {
		return err
	}
	return m.pushNew(integer(b), objectCost+len(b))
}

// integer decodes two's complement, little-endian, of any length.
func integer(b []byte) Value {
	if len(b) == 0 {
		return int64(0)
	}
	negative := b[len(b)-1]&0x80 != 0
	n := new(big.Int).SetBytes(reversed(b))
	if negative {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return shrink(n)
}

// shrink returns n as int64 where it fits.
func shrink(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

func reversed(b []byte) []byte {
	r := slices.Clone(b)
	slices.Reverse(r)
	return r
}

// text pushes a string that follows its length. Python 2 strings come out as
// their bytes.
func text(width int) func(*machine) error {
	return func(m *machine) error {
		b, err := m.sized(width)
		if err != nil {
			return err
		}
		if err := m.charge(scalarCost + len(b)); err != nil {
			return err
		}
		return m.push(string(b))
	}
}

func bytesOf(width int) func(*machine) error {
	return func(m *machine) error {
		b, err := m.sized(width)
		if err != nil {
			return err
		}
		return m.pushNew(Bytes(b), objectCost)
	}
}
