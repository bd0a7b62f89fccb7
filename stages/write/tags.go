package write

import (
	"cmp"
	"slices"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// ranked is one row of the tags table, held until its shard is complete.
type ranked struct {
	row   int64
	uri   int32 // index into the shard's names
	tag   int32
	rank  int32
	score float32
}

// tagOrder returns the place of each tag id when tags are sorted by name.
func tagOrder(tags []string) []int32 {
	ids := make([]int32, len(tags))
	for i := range ids {
		ids[i] = int32(i)
	}
	slices.SortStableFunc(ids, func(a, b int32) int { return cmp.Compare(tags[a], tags[b]) })
	order := make([]int32, len(tags))
	for place, id := range ids {
		order[id] = int32(place)
	}
	return order
}

// sortRanked puts the rows in the table's order: tag, then score descending,
// then manifest row.
func sortRanked(rows []ranked, order []int32) {
	slices.SortFunc(rows, func(a, b ranked) int {
		return cmp.Or(
			cmp.Compare(order[a.tag], order[b.tag]),
			cmp.Compare(b.score, a.score),
			cmp.Compare(a.row, b.row),
		)
	})
}

// appendRanked adds the tags of image i of a group.
func appendRanked(rows []ranked, tags pipeline.RankedTags, i int, row int64, uri int32) []ranked {
	for r := range tags.Count {
		at := i*tags.Count + r
		rows = append(rows, ranked{row: row, uri: uri, tag: tags.TagIDs[at], rank: int32(r + 1), score: tags.Scores[at]})
	}
	return rows
}
