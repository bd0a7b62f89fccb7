package columnar

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// texts reads a column of strings, however they are stored. The zero value is a
// column of nulls.
type texts struct {
	column arrow.Array
	value  func(i int) string
}

func textsOf(a arrow.Array) (texts, error) {
	if onlyNulls(a) {
		return texts{}, nil
	}
	switch a := a.(type) {
	case *array.Dictionary:
		words, err := textsOf(a.Dictionary())
		return texts{a, func(i int) string { return words.value(a.GetValueIndex(i)) }}, err
	case array.StringLike: // strings of any width, and views
		return texts{a, a.Value}, nil
	}
	return texts{}, fmt.Errorf("%s, want strings", a.DataType())
}

// at returns a value, or false for null. The string is the caller's.
func (t texts) at(i int) (string, bool) {
	if t.column == nil || t.column.IsNull(i) {
		return "", false
	}
	return strings.Clone(t.value(i)), true // the batch's memory goes away
}

// onlyNulls tells whether a column holds nothing else: writers that were given
// no value to tell the type by choose one of their own.
func onlyNulls(a arrow.Array) bool { return a.NullN() == a.Len() }

// lists reads a column of lists of strings. The zero value is a column of nulls.
type lists struct {
	column array.ListLike
	values texts
}

func listsOf(a arrow.Array) (lists, error) {
	if onlyNulls(a) {
		return lists{}, nil
	}
	if a, ok := a.(array.ListLike); ok {
		values, err := textsOf(a.ListValues())
		return lists{a, values}, err
	}
	return lists{}, fmt.Errorf("%s, want lists of strings", a.DataType())
}

// at appends the values of a list but for nulls to room, or returns false for
// null.
func (l lists) at(i int, room []string) ([]string, bool) {
	if l.column == nil || l.column.IsNull(i) {
		return room, false
	}
	from, to := l.column.ValueOffsets(i)
	for at := from; at < to; at++ {
		if value, ok := l.values.at(int(at)); ok {
			room = append(room, value)
		}
	}
	return room, true
}
