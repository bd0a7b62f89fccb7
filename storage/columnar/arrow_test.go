package columnar_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// foreignArrow writes rows of labels as another program might.
func foreignArrow(t testing.TB, text, list arrow.DataType, rows string, options ...ipc.Option) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "negatives", Type: list, Nullable: true}, {Name: "score", Type: arrow.PrimitiveTypes.Uint8, Nullable: true},
		{Name: "positives", Type: list, Nullable: true}, {Name: "uri", Type: text, Nullable: true},
	}, nil)
	record, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	ok(t, err)
	defer record.Release()
	var buf bytes.Buffer
	w, err := ipc.NewFileWriter(&buf, append(options, ipc.WithSchema(schema))...)
	ok(t, err)
	ok(t, errors.Join(w.Write(record), w.Close()))
	return buf.Bytes()
}

const foreignRows = `[{"uri": "a.jpg", "positives": ["red", null, "blue"], "score": 3},
		{"uri": null, "positives": null, "negatives": []}, {"uri": "a.jpg", "positives": [], "negatives": ["red", "größe"]}]`

func TestLabelsInArrowFilesOfOthers(t *testing.T) {
	want := []columnar.Label{
		{URI: "a.jpg", Positives: []string{"red", "blue"}},
		{Partial: true},
		{URI: "a.jpg", Negatives: []string{"red", "größe"}, Partial: true},
	}
	text, large, view := arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: text}
	for name, data := range map[string][]byte{
		"not compressed":  foreignArrow(t, text, arrow.ListOf(text), foreignRows),
		"lz4":             foreignArrow(t, text, arrow.ListOf(text), foreignRows, ipc.WithLZ4()),
		"large":           foreignArrow(t, large, arrow.LargeListOf(large), foreignRows, ipc.WithZstd()),
		"views":           foreignArrow(t, view, arrow.ListOf(view), foreignRows, ipc.WithZstd()),
		"dictionary":      foreignArrow(t, dictionary, arrow.ListOf(text), foreignRows, ipc.WithZstd()),
		"dictionary list": foreignArrow(t, text, arrow.ListOf(dictionary), foreignRows),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readLabels(t, data)
			if err != nil || !cmp.Equal(want, got) {
				t.Errorf("%v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
}

// TestAStreamIsNoFile tells what to do about it.
func TestAStreamIsNoFile(t *testing.T) {
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(arrow.NewSchema([]arrow.Field{{Name: "uri", Type: arrow.BinaryTypes.String}}, nil)))
	ok(t, w.Close())
	_, err := columnar.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if !errors.Is(err, columnar.ErrCorrupt) || !strings.Contains(err.Error(), "write it in Arrow's file format") {
		t.Error(err)
	}
}

// TestRowGroupsEndBeforeTheyAreLarge writes matrices of 4 MiB.
func TestRowGroupsEndBeforeTheyAreLarge(t *testing.T) { everyFormat(t, rowGroupsEndBeforeTheyAreLarge) }

func rowGroupsEndBeforeTheyAreLarge(t *testing.T, format columnar.Format) {
	var buf bytes.Buffer
	w, err := columnar.NewEmbeddingWriter(&buf, 1, 1<<20, columnar.Options{Format: format})
	ok(t, err)
	matrix := make([]float32, 1<<20)
	for i := range 33 {
		ok(t, w.Append(int64(i), "u", matrix))
	}
	ok(t, w.Close())
	f := open(t, buf.Bytes())
	if f.RowGroups != 2 || f.Rows != 33 {
		t.Errorf("%d rows in %d groups", f.Rows, f.RowGroups)
	}
	if format == columnar.Arrow {
		for range 8 { // the bound on memory is for a batch, not for all that were read
			ok(t, f.Embeddings(t.Context(), func(columnar.Embedding) error { return nil }))
		}
	}
}

// TestABufferThatClaimsTooMuch says of the matrices that they have a terabyte.
func TestABufferThatClaimsTooMuch(t *testing.T) {
	data := tableFiles(t, columnar.Arrow)["embeddings"]
	size := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	if n := bytes.Count(data, size(8*15*4)); n != 2 {
		t.Fatalf("%d buffers of that size", n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := readTable(t, "embeddings", bytes.ReplaceAll(data, size(8*15*4), size(1<<40)))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, columnar.ErrCorrupt) || !strings.Contains(err.Error(), "write smaller batches") {
		t.Error(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("%d MiB allocated", used>>20)
	}
}

// plain writes an Arrow file again, without compression.
func plain(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := ipc.NewFileReader(bytes.NewReader(data))
	ok(t, err)
	defer r.Close()
	var buf bytes.Buffer
	w, err := ipc.NewFileWriter(&buf, ipc.WithSchema(r.Schema()))
	ok(t, err)
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		ok(t, err)
		ok(t, w.Write(batch))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

// TestListsThatReachTooFar says that an image has two thousand million tags.
func TestListsThatReachTooFar(t *testing.T) {
	data := plain(t, tableFiles(t, columnar.Arrow)["images"])
	ok(t, readTable(t, "images", data))
	offsets := func(values ...int32) (out []byte) {
		for _, v := range values {
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		}
		return out
	}
	if !bytes.Contains(data, offsets(0, 2, 4, 6)) {
		t.Fatal("no lists of two tags each")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := readTable(t, "images", bytes.Replace(data, offsets(0, 2, 4, 6), offsets(0, 2, 2e9, 6), 1))
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, columnar.ErrCorrupt) || used > 32<<20 {
		t.Errorf("%d MiB allocated: %v", used>>20, err)
	}
}

// TestSharedMetadataCostsNoMemory refers to one long name, and one long value,
// thousands of times.
func TestSharedMetadataCostsNoMemory(t *testing.T) {
	const many = 9000
	for name, metadata := range map[string]bool{"names": false, "values": true} {
		b := flatbuffers.NewBuilder(0)
		long := b.CreateString(strings.Repeat("x", 1<<20))
		var one flatbuffers.UOffsetT
		if metadata {
			b.StartObject(2) // KeyValue
			b.PrependUOffsetTSlot(1, long, 0)
			one = b.EndObject()
		} else {
			b.StartObject(2) // Field, without a type
			b.PrependUOffsetTSlot(0, long, 0)
			one = b.EndObject()
		}
		all := b.CreateVectorOfTables(slices.Repeat([]flatbuffers.UOffsetT{one}, many))
		b.StartObject(3) // Schema
		b.PrependUOffsetTSlot(map[bool]int{false: 1, true: 2}[metadata], all, 0)
		schema := b.EndObject()
		b.StartObject(4) // Footer
		b.PrependUOffsetTSlot(1, schema, 0)
		b.Finish(b.EndObject())
		footer := b.FinishedBytes()
		data := slices.Concat([]byte("ARROW1\x00\x00"), footer, binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), []byte("ARROW1"))

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, columnar.ErrCorrupt) || !strings.Contains(fmt.Sprint(err), "MiB of names and values") {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: %d MiB allocated", name, used>>20)
		}
	}
}
