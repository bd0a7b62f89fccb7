package jobs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WithinBudget is ErrRejectBudget, with the codes, where more than the share
// maxRate of the rows was rejected.
func WithinBudget(rejected, rows int64, codes map[string]int64, maxRate float64) error {
	rate := float64(rejected) / float64(rows)
	if rejected == 0 || rate <= maxRate { // a product would miss 29 of 100 at 0.29
		return nil
	}
	return fmt.Errorf("%w: %d of %d rows (%.1f%%; allowed are %.1f%%): %s", ErrRejectBudget, rejected, rows, 100*rate, 100*maxRate, codeList(codes))
}

// codeList names reject codes, the most frequent first.
func codeList(codes map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(codes), func(a, b string) int {
		return cmp.Or(cmp.Compare(codes[b], codes[a]), cmp.Compare(a, b))
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, codes[k])
	}
	return strings.Join(keys, ", ")
}
