package pickle

import (
	"fmt"
	"strconv"
)

func (m *machine) remember(index uint64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, known := m.memo[index]; !known {
		if len(m.memo) >= m.limits.Memo {
			return fmt.Errorf("more than %d memo entries", m.limits.Memo)
		}
		if err := m.charge(memoCost); err != nil {
			return err
		}
	}
	m.memo[index] = v
	return nil
}

func (m *machine) recall(index uint64) error {
	v, ok := m.memo[index]
	if !ok {
		return fmt.Errorf("memo entry %d is not set", index)
	}
	return m.push(v)
}

func (m *machine) memoize() error { return m.remember(uint64(len(m.memo))) }

func put(width int) func(*machine) error {
	return func(m *machine) error {
		index, err := m.uint(width)
		if err != nil {
			return err
		}
		return m.remember(index)
	}
}

func get(width int) func(*machine) error {
	return func(m *machine) error {
		index, err := m.uint(width)
		if err != nil {
			return err
		}
		return m.recall(index)
	}
}

func (m *machine) textPut() error {
	index, err := m.textIndex()
	if err != nil {
		return err
	}
	return m.remember(index)
}

func (m *machine) textGet() error {
	index, err := m.textIndex()
	if err != nil {
		return err
	}
	return m.recall(index)
}

func (m *machine) textIndex() (uint64, error) {
	line, err := m.line(maxLineBytes)
	if err != nil {
		return 0, err
	}
	index, err := strconv.ParseUint(line, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("memo index %.40q is no number", line)
	}
	return index, nil
}
