package reread

import "fmt"

// maxProblems bounds the problems that an answer lists; maxDetail the bytes of
// each one's detail.
const (
	maxProblems = 50
	maxDetail   = 400
)

// Names of the tables in problems.
const (
	imagesTable     = "images"
	tagsTable       = "tags"
	embeddingsTable = "embeddings"
	vocabTable      = "vocab"
)

// noRow stands in a Problem that no single row is to blame for.
const noRow = -1

// problem adds to the answer, which lists the first ones and counts all.
func (a *Answer) problem(table, check string, row int64, format string, args ...any) {
	a.Total++
	if len(a.Problems) >= maxProblems {
		return
	}
	detail := fmt.Sprintf(format, args...)
	if len(detail) > maxDetail {
		detail = detail[:maxDetail] + "…"
	}
	a.Problems = append(a.Problems, Problem{Table: table, Check: check, Row: row, Detail: detail})
}
