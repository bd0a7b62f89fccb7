package pickle

import (
	"errors"
	"fmt"
)

// machine runs one pickle. Marks split the stack: nothing below the newest mark
// can be popped.
type machine struct {
	data   []byte
	pos    int
	host   Host
	limits Limits

	stack  []Value
	marks  []int // stack heights
	memo   map[uint64]Value
	spent  int64
	steps  int
	done   bool
	result Value
}

var errUnderflow = errors.New("nothing is left on the stack")

func (m *machine) run() (Value, error) {
	for !m.done {
		start := m.pos
		if err := m.step(); err != nil {
			return nil, fmt.Errorf("byte %d%s: %w", start, m.opcodeAt(start), err)
		}
	}
	return m.result, nil
}

func (m *machine) step() error {
	if m.steps++; m.steps > m.limits.Opcodes {
		return fmt.Errorf("more than %d instructions", m.limits.Opcodes)
	}
	code, err := m.take(1)
	if err != nil {
		return err
	}
	op := opcodes[code[0]]
	if op.run == nil {
		return fmt.Errorf("unknown opcode 0x%02x", code[0])
	}
	return op.run(m)
}

func (m *machine) opcodeAt(pos int) string {
	if pos >= len(m.data) || opcodes[m.data[pos]].run == nil {
		return ""
	}
	return " (" + opcodes[m.data[pos]].name + ")"
}

// take consumes n bytes; the slice aliases the pickle.
func (m *machine) take(n int) ([]byte, error) {
	if left := len(m.data) - m.pos; n > left {
		return nil, fmt.Errorf("%w at byte %d, %d bytes too early", ErrEnd, len(m.data), n-left)
	}
	b := m.data[m.pos : m.pos+n : m.pos+n]
	m.pos += n
	return b, nil
}

// uint consumes a little-endian number of width bytes.
func (m *machine) uint(width int) (uint64, error) {
	b, err := m.take(width)
	if err != nil {
		return 0, err
	}
	var n uint64
	for i := width - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return n, nil
}

// sized consumes a string that follows its length of width bytes.
func (m *machine) sized(width int) ([]byte, error) {
	n, err := m.uint(width)
	if err != nil {
		return nil, err
	}
	if n > uint64(m.limits.StringBytes) {
		return nil, fmt.Errorf("a length of %d bytes exceeds the limit of %d", n, m.limits.StringBytes)
	}
	return m.take(int(n))
}

func (m *machine) push(v Value) error {
	if len(m.stack) >= m.limits.Stack {
		return fmt.Errorf("more than %d values on the stack", m.limits.Stack)
	}
	m.stack = append(m.stack, v)
	return nil
}

// floor is the stack height below which nothing may be popped.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (Value, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) top() (Value, error) {
	if len(m.stack) <= m.floor() {
		return nil, errUnderflow
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) mark() error {
	if len(m.marks) >= m.limits.Nesting {
		return fmt.Errorf("more than %d marks are open", m.limits.Nesting)
	}
	m.marks = append(m.marks, len(m.stack))
	return nil
}

// popMark removes the newest mark and returns the values above it. The slice
// is the stack's own and holds only until the next push.
func (m *machine) popMark() ([]Value, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("no mark is open")
	}
	floor := m.floor()
	items := m.stack[floor:]
	m.stack, m.marks = m.stack[:floor], m.marks[:len(m.marks)-1]
	return items, m.checkItems(len(items))
}

func (m *machine) stop() (err error) {
	m.result, err = m.pop()
	m.done = err == nil
	return err
}
