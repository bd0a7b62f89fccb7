package dataset

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Format is the version of the records that this program reads and writes.
const Format = 1

// Schema is the version of the tables.
const Schema = 1

// MaxShardRows bounds the rows of a shard, of which some are held in memory until
// its end.
const MaxShardRows = 1 << 20

// Plan is the immutable description of a run. Workers need nothing else.
type Plan struct {
	Format      int       `json:"format"`
	RunID       string    `json:"run_id"`
	CreatedAt   time.Time `json:"created_at"`
	Program     string    `json:"program"`
	Fingerprint string    `json:"fingerprint"`
	Identity    Identity  `json:"identity"`
	Manifest    Manifest  `json:"manifest"`
	ModelURI    string    `json:"model_uri"` // "" is the bundle embedded in the program
	VocabURI    string    `json:"vocab_uri"`
	Scoring     Scoring   `json:"scoring"`
	Rows        int64     `json:"rows"`
	ShardRows   int64     `json:"shard_rows"`
	Shards      []Shard   `json:"shards"`
}

// Identity is everything that decides what the tables will hold. Two runs with
// the same Identity give the same rows.
type Identity struct {
	ManifestSHA256 string   `json:"manifest_sha256"`
	ManifestFormat string   `json:"manifest_format"`
	ManifestBase   string   `json:"manifest_base"` // what relative names are resolved against
	URIColumn      string   `json:"uri_column,omitempty"`
	Carried        []string `json:"carried,omitempty"`
	ModelID        string   `json:"model_id"`
	VocabID        string   `json:"vocab_id"`
	TopK           int      `json:"top_k"`
	Precision      string   `json:"precision"`
	Schema         int      `json:"schema"`
	TableFormat    string   `json:"table_format,omitempty"` // of the files; "" is Parquet
	AllowHTTP      []string `json:"allow_http,omitempty"`   // web hosts whose images are read, sorted
}

// Files is the format of the tables' files.
func (i Identity) Files() string { return cmp.Or(i.TableFormat, Parquet) }

// Scoring says how tags are ranked from embedding matrices, so that the tables
// can be checked, and new tags scored, without the model. It follows from the
// model and is no part of the identity.
type Scoring struct {
	Rows            int     `json:"rows"` // K
	Dim             int     `json:"dim"`  // D
	Reduction       string  `json:"reduction"`
	ReductionK      int     `json:"reduction_k,omitempty"`
	NormaliseRows   bool    `json:"normalise_rows,omitempty"`
	NormaliseLabels bool    `json:"normalise_labels,omitempty"`
	LogitScale      float64 `json:"logit_scale"`
}

// Manifest pins the file that the rows are read from.
type Manifest struct {
	URI         string    `json:"uri"`
	Version     string    `json:"version"`
	Size        int64     `json:"size"`
	Compression string    `json:"compression,omitempty"` // "gzip", "zstd" or none
	Header      []string  `json:"header,omitempty"`      // names of the columns that rows are read by
	Kept        *KeptRows `json:"kept,omitempty"`        // where rows are read of a manifest that is compressed
}

// KeptRows is a file of the run with the rows of a compressed manifest: its text
// from the first row on, each shard a zstd frame of its own.
type KeptRows struct {
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Shard is one entry of the shard table.
type Shard struct {
	First  int64 `json:"first"`           // manifest row
	Rows   int64 `json:"rows"`            //
	Offset int64 `json:"offset"`          // byte of the manifest's text where its first row begins; 0 in Parquet
	Line   int64 `json:"line"`            // line number there, from 1; 0 in Parquet
	Frame  int64 `json:"frame,omitempty"` // byte of the kept rows where its frame begins
}

// FrameEnd is the byte of the kept rows where a shard's frame ends; 0 where none
// are kept.
func (p *Plan) FrameEnd(shard int) int64 {
	switch {
	case p.Manifest.Kept == nil:
		return 0
	case shard+1 < len(p.Shards):
		return p.Shards[shard+1].Frame
	}
	return p.Manifest.Kept.Bytes
}

// Fingerprint is a digest of the identity.
func (i Identity) Fingerprint() string {
	text, err := json.Marshal(i)
	if err != nil {
		panic("dataset: identity does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Validate reports a plan that contradicts itself.
func (p *Plan) Validate() error {
	if p.Format > Format {
		return fmt.Errorf("plan has format %d, of %q: %w, which reads %d", p.Format, p.Program, ErrNewer, Format)
	}
	if p.Format != Format {
		return fmt.Errorf("plan has format %d, this program reads %d", p.Format, Format)
	}
	if err := ValidateRunID(p.RunID); err != nil {
		return err
	}
	if f := p.Identity.Files(); f != Parquet && f != Arrow {
		return fmt.Errorf("plan has tables in format %q, this program knows %s and %s", f, Parquet, Arrow)
	}
	if got := p.Identity.Fingerprint(); got != p.Fingerprint {
		return fmt.Errorf("plan's fingerprint %s is not that of its content, %s: it was altered, or %q knows more of it", p.Fingerprint, got, p.Program)
	}
	next := int64(0)
	for i, s := range p.Shards {
		if s.Rows > MaxShardRows {
			return fmt.Errorf("plan's shard %d has %d rows, more than %d", i, s.Rows, MaxShardRows)
		}
		if s.First != next || s.Rows <= 0 || s.Rows > p.Rows-next || s.Offset < 0 {
			return fmt.Errorf("plan's shard %d, %d rows from %d, does not follow on row %d of %d", i, s.Rows, s.First, next, p.Rows)
		}
		next += s.Rows
	}
	if next != p.Rows {
		return fmt.Errorf("plan's shards hold %d rows, not %d", next, p.Rows)
	}
	return p.validateKept()
}

// validateKept reports frames that do not follow on one another, and a file that
// is none of the run's own.
func (p *Plan) validateKept() error {
	kept := p.Manifest.Kept
	if kept == nil {
		if p.Manifest.Compression != "" {
			return fmt.Errorf("plan keeps no rows of a manifest in %s", p.Manifest.Compression)
		}
		return nil
	}
	if !keptKey(p.RunID, kept.Key) {
		return fmt.Errorf("plan keeps the manifest's rows in %q, outside of the run", kept.Key)
	}
	for i, s := range p.Shards {
		if end := p.FrameEnd(i); s.Frame < 0 || end <= s.Frame {
			return fmt.Errorf("plan's shard %d has its rows in bytes %d to %d", i, s.Frame, end)
		}
	}
	return nil
}

// ReadPlan reads and checks a run's plan. The error is storage.ErrNotExist
// when there is no such run, ErrAbandoned when there never will be.
func ReadPlan(ctx context.Context, b *storage.Bucket, run string) (*Plan, error) {
	var p struct {
		Plan
		abandoned
	}
	if err := readRecord(ctx, b, PlanKey(run), &p); err != nil {
		return nil, err
	}
	if p.RunID != run {
		return nil, fmt.Errorf("%s: %w: names run %q", PlanKey(run), ErrRecord, p.RunID)
	}
	if err := p.err(run); err != nil {
		return nil, err
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", PlanKey(run), ErrRecord, err)
	}
	return &p.Plan, nil
}

// CreatePlan writes the plan unless the run has one, and returns the plan that
// counts: the caller's or the earlier one.
func CreatePlan(ctx context.Context, b *storage.Bucket, p *Plan) (*Plan, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if _, err := createRecord(ctx, b, PlanKey(p.RunID), p); err != nil {
		return nil, err
	}
	return ReadPlan(ctx, b, p.RunID)
}
