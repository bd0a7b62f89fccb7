package columnar_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// footed is a Parquet file of nothing but a footer, in Thrift's compact protocol.
func footed(footer []byte) []byte {
	out := append([]byte("PAR1"), footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...)
}

// endless appends the head of a list of structures to a footer, in the next
// field.
func endless(footer ...byte) []byte {
	return binary.AppendUvarint(append(slices.Clip(footer), 0x19, 0xfc), 99_000_000)
}

// deep is a footer of no rows whose schema has n elements, each below the one
// before. It ends with the empty list of row groups, 3 bytes.
func deep(n int) []byte {
	footer := binary.AppendUvarint([]byte{0x15, 4, 0x19, 0xfc}, uint64(n))
	for i := range n {
		footer = append(footer, 0x35, 0, 0x18, 1, 'a')
		if i < n-1 {
			footer = append(footer, 0x15, 2)
		}
		footer = append(footer, 0)
	}
	return append(footer, 0x16, 0, 0x19, 0x0c, 0)
}

// wide is a footer of no rows whose schema has n groups of a number side by side.
func wide(n int) []byte {
	footer := binary.AppendUvarint([]byte{0x15, 4, 0x19, 0xfc}, uint64(2*n+1))
	footer = append(binary.AppendVarint(append(footer, 0x48, 1, 'r', 0x15), int64(n)), 0)
	for i := range n {
		footer = append(footer, 0x35, 2, 0x18, 2, 'a'+byte(i%26), 'a'+byte(i/26), 0x15, 2, 0)
		footer = append(footer, 0x15, 2, 0x25, 0, 0x18, 1, 'x', 0)
	}
	return append(footer, 0x16, 0, 0x19, 0x0c, 0)
}

// TestFootersThatAreBombs: a few bytes that claim a long list get no room for it,
// and a schema as deep as the file is long does not end the process.
func TestFootersThatAreBombs(t *testing.T) {
	schema := deep(3)
	schema = schema[:len(schema)-3]
	for name, footer := range map[string][]byte{
		"schema without end":       endless(0x15, 4),
		"row groups without end":   endless(schema...),
		"columns without end":      endless(append(slices.Clip(schema), 0x19, 0x1c)...),
		"ends without number":      append(endless(0x15, 4), make([]byte, 1000)...),
		"a deep schema":            deep(2_000_000),
		"a field in a field":       bytes.Repeat([]byte{0x1c}, 1<<20),
		"a list in a list":         append([]byte{0x15, 4, 0x79}, bytes.Repeat([]byte{0x19}, 1<<20)...),
		"a map in a map":           append([]byte{0x15, 4, 0x7b}, bytes.Repeat([]byte{1, 0xbb}, 1<<20)...),
		"a text longer than all":   {0x15, 4, 0x78, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a number without end":     bytes.Repeat([]byte{0x15, 0xff}, 20),
		"a type that there is not": {0x1f},
		"nothing":                  {},
	} {
		data := footed(footer)
		for reader, read := range map[string]func() error{
			"table":    func() error { _, err := columnar.Open(bytes.NewReader(data), int64(len(data))); return err },
			"manifest": func() error { _, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data))); return err },
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := read()
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "footer") {
				t.Errorf("%s as a %s: %v", name, reader, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(4*len(data)+1<<20) {
				t.Errorf("%s: %d bytes as a %s took %d", name, len(data), reader, used)
			}
		}
	}
}

// TestFootersOfOthersAreNoBombs: schemas that programs write are not refused.
func TestFootersOfOthersAreNoBombs(t *testing.T) {
	for name, footer := range map[string][]byte{"nested": deep(30), "wide": wide(600)} {
		data := footed(footer)
		if _, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzFooter puts any footer under a file: an error, or a file whose columns can
// be named, in memory that the footer's length accounts for.
func FuzzFooter(f *testing.F) {
	for _, data := range tableFiles(f, columnar.Parquet) {
		n := binary.LittleEndian.Uint32(data[len(data)-8:])
		f.Add(data[len(data)-8-int(n) : len(data)-8])
	}
	f.Add(deep(30))
	f.Add(wide(3))
	f.Add(endless(0x15, 4))
	f.Fuzz(func(t *testing.T, footer []byte) {
		data := footed(footer)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = columnar.Open(bytes.NewReader(data), int64(len(data)))
		m, err := columnar.OpenManifest(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(10_000*len(data)+8<<20) {
			t.Errorf("%d bytes took %d", len(data), used)
		}
		if err == nil && m.Rows < 0 {
			t.Errorf("%d rows", m.Rows)
		}
	})
}
