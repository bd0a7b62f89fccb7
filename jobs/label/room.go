package label

import (
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// roomFor is what the rows that are left of a run take on a local disk: their
// embeddings, 4 bytes a value, to which all else adds little.
func roomFor(p *dataset.Plan, rows int64) int64 {
	return 4 * rows * int64(p.Scoring.Rows) * int64(p.Scoring.Dim)
}

// warnOfRoom warns of a disk that will be full before the run's end.
func warnOfRoom(out *storage.Bucket, p *dataset.Plan, rows int64, handle Handler) {
	need := roomFor(p, rows)
	if room, known := out.Room(); known && room < need {
		handle(Warned{Message: fmt.Sprintf("%s has %s of room; the embeddings of the %d rows that are left take about %s",
			out.URI(), storage.SizeText(room), rows, storage.SizeText(need))})
	}
}

// orRoom adds to the error of a full disk what the rows that are left take.
func orRoom(p *dataset.Plan, rows int64, err error) error {
	if !errors.Is(err, storage.ErrFull) || rows == 0 {
		return err
	}
	return fmt.Errorf("%w; the embeddings of the %d rows that were left take about %s", err, rows, storage.SizeText(roomFor(p, rows)))
}
