package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// Plan describes the planning of a run: its manifest is scanned and, where it is
// compressed, its rows are kept; then they are read. Nothing is labelled.
type Plan struct {
	Manifest string
	Output   string // an empty folder
}

// PlanResult is what was measured.
type PlanResult struct {
	Rows    int64   `json:"rows"`
	Shards  int     `json:"shards"`
	Bytes   int64   `json:"bytes"` // of the manifest
	Plan    float64 `json:"plan_seconds"`
	PlanMiB float64 `json:"plan_mib"` // peak of the process's resident memory
	Read    float64 `json:"read_seconds"`
	PeakMiB float64 `json:"peak_mib"` // with reading
}

// Run plans and reads.
func (b Plan) Run(ctx context.Context) (PlanResult, error) {
	o := label.Options{Manifest: b.Manifest, Output: b.Output}
	start := time.Now()
	p, err := label.Plan(ctx, o)
	if err != nil {
		return PlanResult{}, err
	}
	r := PlanResult{Rows: p.Rows, Shards: len(p.Shards), Bytes: p.Manifest.Size, Plan: time.Since(start).Seconds(), PlanMiB: peakMiB()}
	start = time.Now()
	next := int64(0)
	err = label.ReadRows(ctx, o, p, func(row pipeline.Row) error {
		if row.Number != next || row.Invalid != nil || row.URI != manifestURI(next) {
			return fmt.Errorf("row %d is %+v", next, row)
		}
		next++
		return nil
	})
	if err == nil && next != p.Rows {
		err = fmt.Errorf("%d of %d rows were read", next, p.Rows)
	}
	r.Read, r.PeakMiB = time.Since(start).Seconds(), peakMiB()
	return r, err
}

func manifestURI(row int64) string { return fmt.Sprintf("s3://lake/photos/%012d.jpg", row*7919) }

// WriteManifest writes a manifest of made-up rows in the format and compression
// that the path's name tells: .txt, .csv, .jsonl, .parquet; .gz, .zst.
func WriteManifest(path string, rows int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	if strings.HasSuffix(path, ".parquet") {
		return writeParquet(f, rows)
	}
	plain, compressed := strings.CutSuffix(path, ".gz")
	if compressed {
		return writeText(gzip.NewWriter(f), plain, rows)
	}
	if plain, compressed = strings.CutSuffix(path, ".zst"); compressed {
		z, err := zstd.NewWriter(f)
		if err != nil {
			return err
		}
		return writeText(z, plain, rows)
	}
	return writeText(open{f}, path, rows)
}

// open is a file that another closes.
type open struct{ io.Writer }

func (open) Close() error { return nil }

func writeParquet(w io.Writer, rows int64) error {
	t, err := columnar.NewManifestWriter(w, columnar.Options{})
	if err != nil {
		return err
	}
	for i := range rows {
		if err := t.Append(columnar.ManifestRow{URI: manifestURI(i), Size: i}); err != nil {
			return err
		}
	}
	return t.Close()
}

func writeText(w io.WriteCloser, name string, rows int64) error {
	line := map[string]string{"txt": "%[1]s\n", "csv": "%[2]d,%[1]s\n", "jsonl": `{"size": %[2]d, "uri": "%[1]s"}` + "\n"}[name[strings.LastIndexByte(name, '.')+1:]]
	out := bufio.NewWriter(w)
	if strings.HasSuffix(name, ".csv") {
		fmt.Fprintln(out, "size,uri")
	}
	for i := range rows {
		fmt.Fprintf(out, line, manifestURI(i), i)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return w.Close()
}
