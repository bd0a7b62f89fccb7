package jobs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// BudgetError is the ErrRejectBudget of a job.
type BudgetError struct {
	Rejected, Rows int64
	Codes          map[string]int64 // rejects by stage/code
	MaxRate        float64          // share that is allowed
}

func (e *BudgetError) Error() string {
	return fmt.Sprintf("%v: %d of %d rows (%.1f%%; allowed are %.1f%%): %s",
		ErrRejectBudget, e.Rejected, e.Rows, 100*float64(e.Rejected)/float64(e.Rows), 100*e.MaxRate, codeList(e.Codes))
}

func (e *BudgetError) Unwrap() error { return ErrRejectBudget }

// WithinBudget is a *BudgetError where more than the share maxRate of the rows
// was rejected.
func WithinBudget(rejected, rows int64, codes map[string]int64, maxRate float64) error {
	rate := float64(rejected) / float64(rows)
	if rejected == 0 || rate <= maxRate { // a product would miss 29 of 100 at 0.29
		return nil
	}
	return &BudgetError{Rejected: rejected, Rows: rows, Codes: codes, MaxRate: maxRate}
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
