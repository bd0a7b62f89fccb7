package columnar_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// peersFolder is where `make peers` puts other programs' readers.
var peersFolder = filepath.Join("..", "..", "bin", "peers", "node_modules")

// object is a row as JSON has it; 64-bit integers and times are text.
type object = map[string]any

// found is what another program finds in a file.
type found struct {
	Columns []struct {
		Name, Type string
		Nullable   bool // of "arrow"
	}
	Rows     []object
	Batches  int               // of "arrow"
	Metadata map[string]string // of "arrow"
}

// readWith has another program read files.
func readWith(t *testing.T, reader string, files ...[]byte) []found {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(peersFolder)
	}
	if err != nil {
		t.Skipf("SKIPPED, NOT PASSED: no other reader of Arrow files: %v; run `make peers`", err)
	}
	command := exec.Command(node, filepath.Join("peers", "read.js"), reader)
	modules, err := filepath.Abs(peersFolder)
	ok(t, err)
	command.Env = append(os.Environ(), "NODE_PATH="+modules)
	folder := t.TempDir()
	for i, data := range files {
		path := filepath.Join(folder, strconv.Itoa(i))
		ok(t, os.WriteFile(path, data, 0o600))
		command.Args = append(command.Args, path)
	}
	var words bytes.Buffer
	command.Stderr = &words
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", reader, err, words.String())
	}
	var all []found
	ok(t, json.Unmarshal(out, &all))
	return all
}

// TestOthersReadArrowFiles has Polars and Apache Arrow's own reader in JavaScript
// read every table.
func TestOthersReadArrowFiles(t *testing.T) {
	o := columnar.Options{Format: columnar.Arrow, RowGroupRows: 2, Metadata: map[string]string{"sdl.run_id": "größe"}}
	imageFile, imageRows := peerImages(t, o)
	embeddingFile, embeddingRows := peerEmbeddings(t, o)
	vocabFile, vocabRows := peerVocab(t, o)
	tagRows := []object{}
	for i := range 5 {
		r := tagRow(i)
		tagRows = append(tagRows, object{"tag": r.Tag, "tag_id": float64(r.TagID), "seen": r.Seen, "score": float64(r.Score), "rank": float64(r.Rank), "manifest_row": fmt.Sprint(r.Row), "uri": r.URI})
	}
	files := [][]byte{imageFile, embeddingFile, vocabFile, writeTagsAs(t, columnar.Arrow, 5), writeTagsAs(t, columnar.Arrow, 0)}
	want := [][]object{imageRows, embeddingRows, vocabRows, tagRows, {}}
	for _, reader := range []string{"polars", "arrow"} {
		t.Run(reader, func(t *testing.T) {
			got := readWith(t, reader, files...)
			for i := range want {
				if diff := cmp.Diff(want[i], got[i].Rows); diff != "" {
					t.Errorf("file %d: %s", i, diff)
				}
			}
			switch types := got[0].Columns; {
			case reader == "polars" && types[19].Type != "DataType(Datetime(us,UTC))":
				t.Errorf("processed_at is %s", types[19].Type)
			case reader == "arrow" && (types[19].Type != "Timestamp<MICROSECOND, UTC>" || types[1].Nullable || !types[2].Nullable || got[0].Batches != 2 || got[0].Metadata["sdl.run_id"] != "größe"):
				t.Errorf("%+v", got[0])
			}
		})
	}
}

// peerImages is an images table: a labelled image, a rejected one, and one whose
// lists are empty.
func peerImages(t *testing.T, o columnar.Options) ([]byte, []object) {
	at := time.Date(2026, 11, 25, 1, 2, 3, 4_000_000, time.UTC)
	tags := []columnar.RankedTag{{Tag: "red", TagID: 3, Score: 0.5, Rank: 1}, {Tag: "größe", TagID: 1, Score: -0.25, Rank: 2}}
	o.Carried = []string{"owner"}
	file := writeImages(t, []columnar.Image{
		{Row: 1 << 40, URI: "a", Status: columnar.StatusOK, Version: "v", SHA256: "00", Bytes: 7, Width: 2, Height: 3, Format: "png", Attempts: 1,
			Seen: tags, Unseen: tags[1:], RowSpread: 2.5, ModelID: "m", VocabID: "v", ProcessedAt: at, Carried: []string{"ann"}},
		{Row: 1, URI: "ä b", Status: columnar.StatusRejected, Stage: "decode", Code: "empty", Message: "no bytes", Attempts: 2, Retryable: true, ProcessedAt: at},
		{Row: 2, URI: "c", Status: columnar.StatusOK, ProcessedAt: at},
	}, o)
	when := "2026-11-25T01:02:03.004Z"
	red := object{"tag": "red", "tag_id": 3.0, "score": 0.5, "rank": 1.0}
	size := object{"tag": "größe", "tag_id": 1.0, "score": -0.25, "rank": 2.0}
	return file, []object{
		{"manifest_row": "1099511627776", "uri": "a", "version": "v", "sha256": "00", "bytes": "7", "width": 2.0, "height": 3.0, "format": "png",
			"status": "ok", "stage": nil, "code": nil, "message": nil, "attempts": 1.0, "retryable": false,
			"seen": []any{red, size}, "unseen": []any{size}, "row_spread": 2.5, "model_id": "m", "vocab_id": "v", "processed_at": when, "owner": "ann"},
		{"manifest_row": "1", "uri": "ä b", "version": nil, "sha256": nil, "bytes": nil, "width": nil, "height": nil, "format": nil,
			"status": "rejected", "stage": "decode", "code": "empty", "message": "no bytes", "attempts": 2.0, "retryable": true,
			"seen": nil, "unseen": nil, "row_spread": nil, "model_id": "", "vocab_id": "", "processed_at": when, "owner": nil},
		{"manifest_row": "2", "uri": "c", "version": nil, "sha256": nil, "bytes": "0", "width": 0.0, "height": 0.0, "format": nil,
			"status": "ok", "stage": nil, "code": nil, "message": nil, "attempts": 0.0, "retryable": false,
			"seen": []any{}, "unseen": []any{}, "row_spread": 0.0, "model_id": "", "vocab_id": "", "processed_at": when, "owner": nil},
	}
}

func peerEmbeddings(t *testing.T, o columnar.Options) ([]byte, []object) {
	var out bytes.Buffer
	w, err := columnar.NewEmbeddingWriter(&out, 2, 3, o)
	ok(t, err)
	var rows []object
	for i := range 5 {
		matrix, values := make([]float32, 6), make([]any, 6)
		for at := range matrix {
			matrix[at], values[at] = float32(i)-float32(at)/8, float64(i)-float64(at)/8
		}
		ok(t, w.Append(int64(i), fmt.Sprint("u", i), matrix))
		rows = append(rows, object{"manifest_row": fmt.Sprint(i), "uri": fmt.Sprint("u", i), "rows": 2.0, "dim": 3.0, "embedding": values})
	}
	ok(t, w.Close())
	return out.Bytes(), rows
}

func peerVocab(t *testing.T, o columnar.Options) ([]byte, []object) {
	var out bytes.Buffer
	w, err := columnar.NewVocabWriter(&out, o)
	ok(t, err)
	ok(t, w.Append(columnar.VocabRow{TagID: 0, Tag: "red", Seen: true, Vector: []float32{1, 0}}))
	ok(t, w.Append(columnar.VocabRow{TagID: 1, Tag: "größe", Vector: []float32{0.5, -2}}))
	ok(t, w.Close())
	return out.Bytes(), []object{
		{"tag_id": 0.0, "tag": "red", "seen": true, "vector": []any{1.0, 0.0}},
		{"tag_id": 1.0, "tag": "größe", "seen": false, "vector": []any{0.5, -2.0}},
	}
}
