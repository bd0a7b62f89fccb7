package arrowfile_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

func int32s(values ...int32) (out []byte) {
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return out
}

func int64s(values ...int64) (out []byte) {
	for _, v := range values {
		out = binary.LittleEndian.AppendUint64(out, uint64(v))
	}
	return out
}

// unpacked is what stands before a buffer that is not compressed.
var unpacked = int64s(-1)

// TestDamageInsideBuffers alters files whose buffers are as they are.
func TestDamageInsideBuffers(t *testing.T) {
	raw := []ipc.Option{ipc.WithZstd(), ipc.WithMinSpaceSavings(1)}
	texts := write(t, arrow.BinaryTypes.String, true, `[{"x": "größe"}, {"x": null}, {"x": "b"}]`, raw...)
	lists := write(t, arrow.ListOfNonNullable(arrow.PrimitiveTypes.Float32), false, `[{"x": [1, 2]}, {"x": []}, {"x": [3]}]`, raw...)
	for name, c := range map[string]struct{ data, from, to []byte }{
		"text is not UTF-8":           {texts, []byte("größe"), []byte("gr\xc3\x28\xc3\x9fe")},
		"text ends before it begins":  {texts, int32s(0, 7, 7, 8), int32s(0, 8, 7, 8)},
		"text ends early":             {texts, int32s(0, 7, 7, 8), int32s(0, 7, 7, 7)},
		"text ends behind the buffer": {texts, int32s(0, 7, 7, 8), int32s(0, 7, 7, 9)},
		"text begins late":            {texts, int32s(0, 7, 7, 8), int32s(1, 7, 7, 8)},
		"another value is null":       {texts, append(unpacked, 0b101), append(unpacked, 0b111)},
		"more values are null":        {texts, append(unpacked, 0b101), append(unpacked, 0b001)},
		"list ends before it begins":  {lists, int32s(0, 2, 2, 3), int32s(0, 3, 2, 3)},
		"list begins before another":  {lists, int32s(0, 2, 2, 3), int32s(0, -2, 2, 3)},
		"list ends behind the values": {lists, int32s(0, 2, 2, 3), int32s(0, 2, 2, 4)},
		"values are missing":          {lists, int32s(0, 2, 2, 3), int32s(0, 2, 2, 2)},
	} {
		if _, err := readAll(c.data, 10); err != nil {
			t.Fatal(err)
		}
		if bytes.Count(c.data, c.from) != 1 {
			t.Fatalf("%s: %d places", name, bytes.Count(c.data, c.from))
		}
		if got, err := readAll(bytes.Replace(c.data, c.from, c.to, 1), 10); err == nil {
			t.Errorf("%s: no error, %v", name, got)
		}
	}
}

// TestLengthsOfBuffersThatAreWrong has a buffer say that it becomes longer, or
// shorter, than it does, and much longer than it can.
func TestLengthsOfBuffersThatAreWrong(t *testing.T) {
	magic := []byte{0x28, 0xb5, 0x2f, 0xfd}
	data := write(t, arrow.PrimitiveTypes.Int64, false, `[{"x": 5}, {"x": 6}, {"x": 7}]`, ipc.WithZstd())
	from := slices.Concat(int64s(24), magic)
	if bytes.Count(data, from) != 1 {
		t.Fatalf("%d places", bytes.Count(data, from))
	}
	for _, length := range []int64{-2, 0, 16, 23, 25, 1 << 29, 1 << 31, 1 << 62} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readAll(bytes.Replace(data, from, slices.Concat(int64s(length), magic), 1), 10)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 16<<20 {
			t.Errorf("length %d: %d MiB allocated, error %v", length, used>>20, err)
		}
	}
}

// TestARecordBatchThatIsListedTwice would be rows that are there twice.
func TestARecordBatchThatIsListedTwice(t *testing.T) {
	data := images(t)
	var messages []int64 // where they begin
	for at := int64(8); at < int64(len(data))-8; at += 8 {
		if mark := data[at : at+4]; bytes.Equal(mark, int32s(-1)) && binary.LittleEndian.Uint32(data[at+4:]) < 1<<16 {
			messages = append(messages, at)
		}
	}
	if len(messages) < 3 {
		t.Fatalf("messages at %d", messages)
	}
	const blockBytes = 24
	first, second := bytes.LastIndex(data, int64s(messages[1])), bytes.LastIndex(data, int64s(messages[2]))
	if second != first+blockBytes {
		t.Fatalf("blocks at %d and %d", first, second)
	}
	copy(data[second:][:blockBytes], data[first:][:blockBytes])
	if _, err := readAll(data, 10); err == nil {
		t.Error("no error")
	}
}
