package write

import (
	"fmt"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// claimed marks the rows of a shard that are accounted for: a bit each. Counting
// alone would take a row that comes twice for the one that never came.
type claimed struct {
	first, rows int64
	bits        []uint64
}

func newClaimed(of pipeline.Shard) claimed {
	return claimed{first: of.First, rows: of.Rows, bits: make([]uint64, (of.Rows+63)/64)}
}

// take marks a row of the manifest. A row of another shard, or one that was taken
// already, is an error.
func (c claimed) take(number int64) error {
	at := number - c.first
	if at < 0 || at >= c.rows {
		return fmt.Errorf("row %d is not among its %d rows from %d", number, c.rows, c.first)
	}
	word, bit := &c.bits[at/64], uint64(1)<<(at%64)
	if *word&bit != 0 {
		return fmt.Errorf("row %d came twice", number)
	}
	*word |= bit
	return nil
}
