package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
)

// canaries are secrets that stand nowhere else, each with the place it was put
// into.
type canaries struct {
	mu     sync.Mutex
	places map[string]string
}

// at returns a new secret, of letters that look like a word.
func (c *canaries) at(place string) string {
	var word [14]byte
	for i := range word {
		word[i] = byte('a' + rand.IntN(26))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places[string(word[:])] = place
	return string(word[:])
}

// long returns a new secret that looks like one.
func (c *canaries) long(place string) string { return "Xq7" + c.at(place) + "9Zk4" }

// in returns the places whose secrets are in data: as they are, in upper case, in
// base64 or hexadecimal.
func (c *canaries) in(data []byte) (places []string) {
	low := bytes.ToLower(data)
	for word, place := range c.places {
		found := bytes.Contains(low, []byte(word)) || bytes.Contains(low, []byte(hex.EncodeToString([]byte(word))))
		for shift := range 3 {
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + word))
			found = found || bytes.Contains(data, []byte(coded[4:16])) // what stands before and behind decides the rest
		}
		if found {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	return places
}

// inFile looks into a file as it lies on the disk, and as its format means it.
func (c *canaries) inFile(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := decodedFile(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return slices.Compact(append(c.in(data), c.in(plain)...))
}

// inFolder checks every file below a folder; but are names of which some part may
// hold secrets: those files are counted.
func (c *canaries) inFolder(t *testing.T, folder string, but ...string) (files, known int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		places := c.inFile(t, path)
		if slices.ContainsFunc(but, func(part string) bool { return strings.Contains(path, part) }) {
			if len(places) > 0 {
				known++
			}
		} else if len(places) > 0 {
			t.Errorf("%s holds secrets: %q", path, places)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, known
}

// decodedFile is the text of all values of a table, or what was compressed; nothing
// where the file is neither.
func decodedFile(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("PAR1")):
		return parquetText(data)
	case bytes.HasPrefix(data, []byte("ARROW1")):
		return arrowText(data)
	case bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")):
		in, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return io.ReadAll(in)
	}
	return nil, nil
}

func parquetText(data []byte) ([]byte, error) {
	in, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	table, err := pqarrow.NewFileReader(in, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	records, err := table.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		return nil, err
	}
	defer records.Release()
	var out bytes.Buffer
	fmt.Fprintln(&out, in.MetaData().KeyValueMetadata())
	for records.Next() {
		writeValues(&out, records.RecordBatch())
	}
	if err := records.Err(); err != nil && err != io.EOF {
		return nil, err
	}
	return out.Bytes(), nil
}

func arrowText(data []byte) ([]byte, error) {
	in, err := ipc.NewFileReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var out bytes.Buffer
	fmt.Fprintln(&out, in.Schema())
	for i := range in.NumRecords() {
		batch, err := in.RecordBatchAt(i)
		if err != nil {
			return nil, err
		}
		writeValues(&out, batch)
		batch.Release()
	}
	return out.Bytes(), nil
}

func writeValues(w io.Writer, batch arrow.RecordBatch) {
	for _, column := range batch.Columns() {
		for row := range column.Len() {
			fmt.Fprintln(w, column.ValueStr(row))
		}
	}
}
