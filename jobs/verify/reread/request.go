package reread

import (
	"errors"
	"fmt"
	"slices"
)

// Request names the files of one part and says what they must hold. Paths are
// local.
type Request struct {
	Images     string   `json:"images"`
	Tags       string   `json:"tags"`
	Embeddings string   `json:"embeddings"`
	Vocab      string   `json:"vocab,omitempty"` // "": names and scores are not checked
	Carried    []string `json:"carried,omitempty"`
	ModelID    string   `json:"model_id,omitempty"` // that every image has; "": not checked
	VocabID    string   `json:"vocab_id,omitempty"` // likewise

	FirstRow int64 `json:"first_row"` // the shard's manifest rows are
	Rows     int64 `json:"rows"`      // [FirstRow, FirstRow+Rows)
	TopK     int   `json:"top_k"`     // tags ranked in each group

	Reduction       string  `json:"reduction"`                  // ReduceMax, ReduceMean or ReduceTopKMean
	ReductionK      int     `json:"reduction_k,omitempty"`      // rows that ReduceTopKMean averages
	NormaliseRows   bool    `json:"normalise_rows,omitempty"`   // rows are scaled to unit length before the product
	NormaliseLabels bool    `json:"normalise_labels,omitempty"` // vectors, too
	LogitScale      float64 `json:"logit_scale,omitempty"`      // factor on every score; 0: 1

	Sample    int     `json:"sample,omitempty"`    // images whose scores are recomputed; 0: all
	Seed      uint64  `json:"seed,omitempty"`      // of the sample
	Tolerance float64 `json:"tolerance,omitempty"` // relative, of scores and row_spread; 0: 1e-4
}

// Values of Request.Reduction.
const (
	ReduceMax      = "max"
	ReduceMean     = "mean"
	ReduceTopKMean = "topk_mean"
)

const (
	defaultTolerance = 1e-4
	maxShardRows     = 1 << 32
)

// Answer is what the second reader found.
type Answer struct {
	Rows       int64 `json:"rows"`       // of the images table
	OK         int64 `json:"ok"`         // of these
	Rejected   int64 `json:"rejected"`   // of these
	Tags       int64 `json:"tags"`       // rows of the tags table
	Embeddings int64 `json:"embeddings"` // rows of the embeddings table
	Vocab      int64 `json:"vocab"`      // tags of the vocabulary
	Recomputed int64 `json:"recomputed"` // images whose scores were computed again

	// Codes counts the rejects by "stage/code"; the first ones, where a table has
	// more kinds than a program knows.
	Codes map[string]int64 `json:"codes,omitempty"`

	// ScoreError is the largest difference between a stored score and the
	// recomputed one, relative to the larger of that score and a hundredth of
	// the product of the two vectors' lengths.
	ScoreError float64 `json:"score_error"`

	Problems []Problem `json:"problems,omitempty"` // the first ones
	Total    int       `json:"total"`              // problems, listed or not
}

// Problem is one broken promise.
type Problem struct {
	Table  string `json:"table"`
	Check  string `json:"check"`
	Row    int64  `json:"row"` // manifest row (tag id in the vocab table), -1 where none is to blame
	Detail string `json:"detail"`
}

// String is one line for people.
func (p Problem) String() string {
	if p.Row < 0 {
		return fmt.Sprintf("%s: %s: %s", p.Table, p.Check, p.Detail)
	}
	return fmt.Sprintf("%s: %s: row %d: %s", p.Table, p.Check, p.Row, p.Detail)
}

// Validate reports what is wrong with a request.
func (r Request) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Images == "" || r.Tags == "" || r.Embeddings == "" {
		bad("files of images, tags and embeddings are needed")
	}
	if r.FirstRow < 0 || r.Rows < 0 || r.Rows > maxShardRows {
		bad("%d rows from %d", r.Rows, r.FirstRow)
	}
	if r.TopK < 0 || r.Sample < 0 {
		bad("top-k %d, sample %d", r.TopK, r.Sample)
	}
	if !slices.Contains([]string{ReduceMax, ReduceMean, ReduceTopKMean}, r.Reduction) {
		bad("unknown reduction %q", r.Reduction)
	}
	if r.Reduction == ReduceTopKMean && r.ReductionK < 1 {
		bad("mean over the best %d rows", r.ReductionK)
	}
	if !(r.LogitScale >= 0) || !(r.Tolerance >= 0) {
		bad("logit scale %v, tolerance %v", r.LogitScale, r.Tolerance)
	}
	return errors.Join(errs...)
}

// withDefaults fills in what zero stands for.
func (r Request) withDefaults() Request {
	if r.LogitScale == 0 {
		r.LogitScale = 1
	}
	if r.Tolerance == 0 {
		r.Tolerance = defaultTolerance
	}
	return r
}
