package reread

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xitongsys/parquet-go/parquet"
)

// maxDepth bounds the nesting of columns; our tables have four levels.
const maxDepth = 8

// numbered gives every element of a footer's schema the name of its number, since
// the reader mistakes some names for one another, and returns the columns by the
// names they had.
func numbered(footer *parquet.FileMetaData) ([]leaf, error) {
	n := numbering{schema: footer.Schema}
	if len(n.schema) == 0 {
		return nil, errors.New("the schema is empty")
	}
	next, err := 1, error(nil)
	for range n.schema[0].GetNumChildren() {
		if next, err = n.element(next, nil, nil, 0); err != nil {
			return nil, err
		}
	}
	for i, group := range footer.RowGroups {
		if err := n.rename(group); err != nil {
			return nil, fmt.Errorf("row group %d: %w", i, err)
		}
	}
	for i, e := range n.schema {
		e.Name = number(i)
	}
	return n.leaves, nil
}

func number(element int) string { return fmt.Sprint("C", element) }

// numbering walks a schema, whose elements lie parents first.
type numbering struct {
	schema []*parquet.SchemaElement
	leaves []leaf
	paths  [][]string // of the leaves, by number
}

// element takes an element and those below it, and returns the next one.
func (n *numbering) element(at int, names, numbers []string, levels int32) (next int, err error) {
	if at >= len(n.schema) || len(names) >= maxDepth {
		return 0, errors.New("the schema names columns that it does not have, or is nested too deep")
	}
	e := n.schema[at]
	names, numbers = append(slices.Clip(names), e.Name), append(slices.Clip(numbers), number(at))
	if e.GetRepetitionType() != parquet.FieldRepetitionType_REQUIRED {
		levels++
	}
	next = at + 1
	if e.GetNumChildren() <= 0 {
		n.leaves, n.paths = append(n.leaves, leaf{strings.Join(names, "."), e.GetType(), levels}), append(n.paths, numbers)
	}
	for range e.GetNumChildren() {
		if next, err = n.element(next, names, numbers, levels); err != nil {
			return 0, err
		}
	}
	return next, nil
}

// rename renames the columns of a row group, which lie in the schema's order.
func (n *numbering) rename(group *parquet.RowGroup) error {
	if len(group.Columns) != len(n.leaves) {
		return fmt.Errorf("%d column chunks, the schema has %d columns", len(group.Columns), len(n.leaves))
	}
	for i, chunk := range group.Columns {
		if chunk.MetaData == nil {
			return fmt.Errorf("column %s has no description", n.leaves[i].path)
		}
		if got := strings.Join(chunk.MetaData.PathInSchema, "."); got != n.leaves[i].path || chunk.MetaData.Type != n.leaves[i].kind {
			return fmt.Errorf("column %d is %s %s, the schema has %s %s", i, got, chunk.MetaData.Type, n.leaves[i].path, n.leaves[i].kind)
		}
		chunk.MetaData.PathInSchema = n.paths[i]
	}
	return nil
}
