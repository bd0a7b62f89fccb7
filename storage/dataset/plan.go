package dataset

import (
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
}

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
	URI     string `json:"uri"`
	Version string `json:"version"`
	Size    int64  `json:"size"`
}

// Shard is one entry of the shard table.
type Shard struct {
	First  int64 `json:"first"`  // manifest row
	Rows   int64 `json:"rows"`   //
	Offset int64 `json:"offset"` // byte of the manifest file where its first row begins
	Line   int64 `json:"line"`   // line number there, from 1
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

// Differences tells in words how other differs from i; empty when equal.
func (i Identity) Differences(other Identity) []string {
	var out []string
	note := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			out = append(out, fmt.Sprintf("%s: the run has %v, this command %v", what, a, b))
		}
	}
	note("manifest content", i.ManifestSHA256, other.ManifestSHA256)
	note("manifest format", i.ManifestFormat, other.ManifestFormat)
	note("folder of relative names", i.ManifestBase, other.ManifestBase)
	note("uri column", i.URIColumn, other.URIColumn)
	note("carried columns", i.Carried, other.Carried)
	note("model", i.ModelID, other.ModelID)
	note("vocabulary", i.VocabID, other.VocabID)
	note("top-k", i.TopK, other.TopK)
	note("precision", i.Precision, other.Precision)
	note("table schema", i.Schema, other.Schema)
	return out
}

// Validate reports a plan that contradicts itself.
func (p *Plan) Validate() error {
	if p.Format != Format {
		return fmt.Errorf("plan has format %d, this program reads %d", p.Format, Format)
	}
	if err := ValidateRunID(p.RunID); err != nil {
		return err
	}
	if got := p.Identity.Fingerprint(); got != p.Fingerprint {
		return fmt.Errorf("plan's fingerprint %s is not that of its content, %s", p.Fingerprint, got)
	}
	next := int64(0)
	for i, s := range p.Shards {
		if s.First != next || s.Rows <= 0 || s.Rows > p.Rows-next || s.Offset < 0 {
			return fmt.Errorf("plan's shard %d, %d rows from %d, does not follow on row %d of %d", i, s.Rows, s.First, next, p.Rows)
		}
		next += s.Rows
	}
	if next != p.Rows {
		return fmt.Errorf("plan's shards hold %d rows, not %d", next, p.Rows)
	}
	return nil
}

// ReadPlan reads and checks a run's plan. The error is storage.ErrNotExist
// when there is no such run.
func ReadPlan(ctx context.Context, b *storage.Bucket, run string) (*Plan, error) {
	var p Plan
	if err := readRecord(ctx, b, PlanKey(run), &p); err != nil {
		return nil, err
	}
	if p.RunID != run {
		return nil, fmt.Errorf("%s: names run %q", PlanKey(run), p.RunID)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", PlanKey(run), err)
	}
	return &p, nil
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
