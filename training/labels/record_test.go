package labels

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRecordsHoldTheirRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := func(name string) (ids []int32) {
			last := int32(-1)
			for range rapid.IntRange(0, 5).Draw(t, name) {
				last += rapid.Int32Range(1, 1<<28).Draw(t, "step")
				ids = append(ids, last)
			}
			return ids
		}
		want := Row{
			Number: rapid.Int64Min(0).Draw(t, "number"), URI: rapid.String().Draw(t, "uri"), Split: rapid.String().Draw(t, "split"),
			Positives: ids("positives"), Negatives: ids("negatives"), Partial: rapid.Bool().Draw(t, "partial"),
		}
		record := appendRow(nil, &want)
		got, err := decodeRow(record)
		if err != nil || !cmp.Equal(want, got) {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
		}
		if _, err := decodeRow(record[:rapid.IntRange(0, len(record)-1).Draw(t, "cut")]); err == nil {
			t.Fatal("a record that was cut off is a row")
		}
		if _, err := decodeRow(append(record, 0)); err == nil {
			t.Fatal("a record with a byte behind it is a row")
		}
		record[rapid.IntRange(0, len(record)-1).Draw(t, "at")] ^= 0xff
		_, _ = decodeRow(record) // no panic
	})
}
