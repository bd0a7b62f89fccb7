package reread

import "fmt"

// cells are the values of some rows of one column as the reader gives them: a
// value is nil where it, or the list around it, is null or the list is empty.
type cells struct {
	path       string
	values     []any
	repetition []int32 // 0 where a row begins
	definition []int32
}

func (c cells) rows() (n int) {
	for _, level := range c.repetition {
		if level == 0 {
			n++
		}
	}
	return n
}

// flat returns the values of a column that is no list; null is the zero value.
func flat[T any](t table, path string, n int) ([]T, error) {
	c, err := read(t, path, n)
	if err != nil {
		return nil, err
	}
	out := make([]T, n)
	for i, v := range c.values {
		if v == nil {
			continue
		}
		value, ok := v.(T)
		if !ok {
			return nil, fmt.Errorf("column %s: value of type %T", path, v)
		}
		out[i] = value
	}
	return out, nil
}

// list holds the elements of some rows' lists, one list after the other.
type list[T any] struct {
	values []T
	ends   []int  // of each row's elements
	null   []bool // rows whose list is null, not empty
}

func (l *list[T]) row(i int) []T {
	if i == 0 {
		return l.values[:l.ends[0]]
	}
	return l.values[l.ends[i-1]:l.ends[i]]
}

// lists returns the elements of a list column. nullable says whether the list
// itself may be null.
func lists[T any](t table, path string, nullable bool, n int) (*list[T], error) {
	c, err := read(t, path, n)
	if err != nil {
		return nil, err
	}
	l := &list[T]{values: make([]T, 0, len(c.values)), ends: make([]int, 0, n), null: make([]bool, 0, n)}
	for i, v := range c.values {
		if c.repetition[i] == 0 {
			l.ends = append(l.ends, len(l.values))
			l.null = append(l.null, nullable && c.definition[i] == 0)
		}
		if v == nil {
			continue
		}
		value, ok := v.(T)
		if !ok {
			return nil, fmt.Errorf("column %s: element of type %T", path, v)
		}
		l.values = append(l.values, value)
		l.ends[len(l.ends)-1] = len(l.values)
	}
	return l, nil
}
