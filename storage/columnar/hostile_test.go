package columnar_test

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// tableFiles returns a small file of each table, and of labels.
func tableFiles(t testing.TB, format columnar.Format) map[string][]byte {
	var images []columnar.Image
	tags := []columnar.RankedTag{{Tag: "red", TagID: 3, Score: 0.5, Rank: 1}, {Tag: "blue", TagID: 1, Score: 0.25, Rank: 2}}
	for i := range 20 {
		images = append(images, columnar.Image{Row: int64(i), URI: fmt.Sprint(i), Status: columnar.StatusOK, Seen: tags, Unseen: tags[:i%2]})
	}
	var e, v bytes.Buffer
	ew, err := columnar.NewEmbeddingWriter(&e, 3, 5, columnar.Options{Format: format, RowGroupRows: 8})
	ok(t, err)
	vw, err := columnar.NewVocabWriter(&v, columnar.Options{Format: format})
	ok(t, err)
	for i := range 20 {
		ok(t, ew.Append(int64(i), fmt.Sprint(i), make([]float32, 15)))
		ok(t, vw.Append(columnar.VocabRow{TagID: int32(i), Tag: fmt.Sprint(i), Vector: []float32{1, float32(i), 3}}))
	}
	ok(t, ew.Close())
	ok(t, vw.Close())
	var labels []columnar.Label
	for i := range 20 {
		labels = append(labels, columnar.Label{URI: fmt.Sprint(i), Positives: []string{"red", "blue"}[i%2:], Negatives: []string{"green"}, Partial: true, Split: "train"})
	}
	return map[string][]byte{"labels": writeLabelsAs(t, format, labels), "images": writeImages(t, images, columnar.Options{Format: format}), "tags": writeTagsAs(t, format, 20), "embeddings": e.Bytes(), "vocab": v.Bytes()}
}

// readTable reads a file as the named table.
func readTable(t testing.TB, table string, data []byte) error {
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	ctx := t.Context()
	switch table {
	case "images":
		return f.Images(ctx, nil, func(columnar.Image) error { return nil })
	case "tags":
		return f.Tags(ctx, func(columnar.TagRow) error { return nil })
	case "labels":
		return f.Labels(ctx, func(columnar.Label) error { return nil })
	case "embeddings":
		return f.Embeddings(ctx, func(columnar.Embedding) error { return nil })
	}
	return f.Vocab(ctx, func(columnar.VocabRow) error { return nil })
}

// TestDamageCostsNoMemory flips bits all over small files: no panic, and never
// more memory than two pages of the largest size that a page of Parquet may
// have, which is also more than the largest window of a zstd stream in Arrow.
func TestDamageCostsNoMemory(t *testing.T) { everyFormat(t, damageCostsNoMemory) }

func damageCostsNoMemory(t *testing.T, format columnar.Format) {
	const limit = 2 * (256 + 64) << 20
	for table, data := range tableFiles(t, format) {
		ok(t, readTable(t, table, data))
		damaged, found := slices.Clone(data), 0
		for i := 0; i < len(data); i += 1 + len(data)/300 {
			for _, flip := range []byte{0x80, 0x01} {
				damaged[i] ^= flip
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if err := readTable(t, table, damaged); err != nil {
					found++
				}
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > limit {
					t.Errorf("%s: byte %d of %d ^ %#x: %d MiB allocated", table, i, len(data), flip, used>>20)
				}
				damaged[i] = data[i]
			}
		}
		if found == 0 {
			t.Errorf("%s: no damage was noticed", table)
		}
	}
}

func TestTruncatedTablesAreErrors(t *testing.T) { everyFormat(t, truncatedTablesAreErrors) }

func truncatedTablesAreErrors(t *testing.T, format columnar.Format) {
	for table, data := range tableFiles(t, format) {
		for n := 0; n < len(data); n += 1 + len(data)/300 {
			if readTable(t, table, data[:n]) == nil {
				t.Errorf("%s: the first %d of %d bytes read as a whole file", table, n, len(data))
			}
		}
	}
}

// TestCodecsKeepToTheirRoom decodes blocks that hold more than they are given
// room for.
func TestCodecsKeepToTheirRoom(t *testing.T) {
	zeros := make([]byte, 1<<20)
	for _, kind := range []compress.Compression{
		compress.Codecs.Zstd, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Brotli, compress.Codecs.Lz4Raw,
	} {
		codec, err := compress.GetCodec(kind)
		ok(t, err)
		block := codec.Encode(nil, zeros)
		if out, err := compress.Decode(codec, make([]byte, len(zeros)), block); err != nil || !bytes.Equal(out, zeros) {
			t.Errorf("%v: %d bytes, %v", kind, len(out), err)
		}
		if out, err := compress.Decode(codec, make([]byte, 100), block); err == nil && len(out) > 100 {
			t.Errorf("%v: %d bytes out of room for 100", kind, len(out))
		}
	}
}

func TestBloomFilterOfAFewRowsIsSmall(t *testing.T) {
	if n := len(writeTags(t, 20)); n > 8<<10 {
		t.Errorf("a file of 20 rows has %d bytes", n)
	}
}
