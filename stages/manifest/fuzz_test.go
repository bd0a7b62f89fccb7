package manifest

import (
	"slices"
	"testing"
)

// FuzzScan plans and reads whatever bytes in every format: rows or an error, and
// of what was planned all rows.
func FuzzScan(f *testing.F) {
	rows := []sample{{"a.jpg", "x"}, {"b\xff", ""}, {"c d", "\"y"}, {"", ""}}
	for _, format := range Formats {
		for _, seed := range []string{"a\nb\n", "uri\n\"x", "\xEF\xBB\xBFuri,b\r\n1\r\n", "\n\n", "a\tb\n", "{\"uri\": 1}\n\"x\"\n{", string(writers[format](rows))} {
			for _, compress := range compressors {
				f.Add(compress([]byte(seed)), string(format))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, format string) {
		if !slices.Contains(Formats, Format(format)) {
			return
		}
		s, err := planned(t, file(t, data, Format(format), Columns{}), 3)
		if err != nil {
			return
		}
		var rows int64
		for _, task := range s.Tasks {
			if at := task.Shard; at.First != rows || at.Rows < 1 || at.Rows > 3 {
				t.Fatalf("shard %+v after %d rows of %q", at, rows, data)
			}
			rows += task.Shard.Rows
		}
		got, err := drain(s)
		if err != nil && Format(format) == Parquet {
			return // pages are looked at when their rows are read
		}
		if err != nil || int64(len(got)) != rows {
			t.Fatalf("%d rows of %d, %v, of %q", len(got), rows, err, data)
		}
		for i, r := range got {
			if r.Number != int64(i) || r.Invalid == nil && check(r.URI) != nil {
				t.Fatalf("row %d: %+v of %q", i, r, data)
			}
		}
	})
}
