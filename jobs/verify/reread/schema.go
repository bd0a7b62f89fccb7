package reread

import (
	"fmt"
	"slices"

	"github.com/xitongsys/parquet-go/parquet"
)

// leaf is one column, in the words of Parquet.
type leaf struct {
	path   string // dotted, below the root
	kind   parquet.Type
	levels int32 // definition levels: one for a list, one for what may be null
}

// String describes the column in a problem.
func (l leaf) String() string {
	return fmt.Sprintf("%s %s with %d definition levels", l.path, l.kind, l.levels)
}

// Definition levels.
const (
	required     = 0
	nullable     = 1
	requiredList = 1 // of required elements
	nullableList = 2
)

const (
	text    = parquet.Type_BYTE_ARRAY
	small   = parquet.Type_INT32
	large   = parquet.Type_INT64
	float   = parquet.Type_FLOAT
	boolean = parquet.Type_BOOLEAN
)

// element is the path of a list's elements below the list's name.
const element = ".list.element"

func rankedLeaves(group string) []leaf {
	return []leaf{
		{group + element + ".tag", text, nullableList}, {group + element + ".tag_id", small, nullableList},
		{group + element + ".score", float, nullableList}, {group + element + ".rank", small, nullableList},
	}
}

func imageLeaves(carried []string) []leaf {
	leaves := []leaf{
		{"manifest_row", large, required}, {"uri", text, required}, {"version", text, nullable}, {"sha256", text, nullable},
		{"bytes", large, nullable}, {"width", small, nullable}, {"height", small, nullable}, {"format", text, nullable},
		{"status", text, required}, {"stage", text, nullable}, {"code", text, nullable}, {"message", text, nullable},
		{"attempts", small, required}, {"retryable", boolean, required},
	}
	leaves = slices.Concat(leaves, rankedLeaves("seen"), rankedLeaves("unseen"), []leaf{
		{"row_spread", float, nullable}, {"model_id", text, required}, {"vocab_id", text, required}, {"processed_at", large, required},
	})
	for _, name := range carried {
		leaves = append(leaves, leaf{name, text, nullable})
	}
	return leaves
}

var (
	tagLeaves = []leaf{
		{"tag", text, required}, {"tag_id", small, required}, {"seen", boolean, required}, {"score", float, required},
		{"rank", small, required}, {"manifest_row", large, required}, {"uri", text, required},
	}
	embeddingLeaves = []leaf{
		{"manifest_row", large, required}, {"uri", text, required}, {"rows", small, required}, {"dim", small, required},
		{"embedding" + element, float, requiredList},
	}
	vocabLeaves = []leaf{
		{"tag_id", small, required}, {"tag", text, required}, {"seen", boolean, required}, {"vector" + element, float, requiredList},
	}
)

func compareLeaves(got, want []leaf) error {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("column %s is missing", want[i])
		case i >= len(want):
			return fmt.Errorf("column %s is not one of the table's", got[i])
		case got[i] != want[i]:
			return fmt.Errorf("column %d is %s, want %s", i, got[i], want[i])
		}
	}
	return nil
}
