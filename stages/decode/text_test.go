package decode_test

import (
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// TestLongTextsCloseABatch: names, carried values and messages count, of rejects
// and of images; no row is lost.
func TestLongTextsCloseABatch(t *testing.T) {
	const rows, most = 60, 1000
	shard := pipeline.Shard{Rows: rows}
	from := parcels{}
	for row := range int64(rows) {
		p := parcelOf(shard, row, picture(row, 4))
		switch row % 4 {
		case 0:
			p.URI = strings.Repeat("u", 300)
		case 1:
			p.Carried = []string{strings.Repeat("c", 150), strings.Repeat("c", 150)}
		case 2:
			p = lost(shard, row)
			p.Reject.Message = strings.Repeat("m", 300)
		}
		from.all = append(from.all, p)
	}
	stage := newStage(50)
	stage.MaxText = most
	seen, batches := 0, &batches{}
	batches.each = func(b *pipeline.Batch) {
		text := 0
		for _, o := range append(append([]pipeline.Outcome{}, b.Images...), b.Rejected...) {
			text += len(o.URI) + len(strings.Join(o.Carried, ""))
			if o.Reject != nil {
				text += len(o.Reject.Message)
			}
		}
		if text >= most+310 {
			t.Errorf("a batch of %d bytes of text", text)
		}
		seen += b.Rows()
	}
	if err := decodeAll(t.Context(), from, stage, batches); err != nil {
		t.Fatal(err)
	}
	if seen != rows || len(batches.got) < 12 {
		t.Errorf("%d rows in %d batches", seen, len(batches.got))
	}
}
