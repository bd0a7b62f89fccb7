package listing

import (
	"math/rand/v2"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// reservoir holds a sample of the rows that it is shown, each subset of its size
// being as likely as any other (Vitter's algorithm R). The same rows in the same
// order and the same seed give the same sample.
type reservoir struct {
	size   int64
	random *rand.Rand
	shown  int64
	rows   []numbered
}

// numbered is a row with its place in the listing.
type numbered struct {
	at  int64
	row columnar.ManifestRow
}

func newReservoir(size int64, seed uint64) *reservoir {
	return &reservoir{size: size, random: rand.New(rand.NewPCG(seed, 0))}
}

// show offers the next row.
func (r *reservoir) show(row columnar.ManifestRow) {
	next := numbered{r.shown, row}
	r.shown++
	if int64(len(r.rows)) < r.size {
		r.rows = append(r.rows, next)
		return
	}
	if slot := r.random.Int64N(r.shown); slot < r.size {
		r.rows[slot] = next
	}
}

// sorted returns the sample in the order of the listing.
func (r *reservoir) sorted() []numbered {
	slices.SortFunc(r.rows, func(a, b numbered) int { return int(a.at - b.at) })
	return r.rows
}
