// Package evaluate is the job that measures a model on labelled images.
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// Options of an evaluation. Labels is required.
type Options struct {
	Labels string // URI of labelled Parquet
	engine.Sources
	Split string // rows of this split only; "" takes all
	Ks    []int  // as evaluate.Options has them
	jobs.Access
	MaxRejectRate float64 // share of the rows; over it there is no result
	PerTag        string  // URI of a Parquet file to write, a row a tag; "" writes none
	Report        string  // URI of a JSON file to write; "" writes none
	ScratchDir    string  // as labels.Options has it

	engine.Compute
	Program string // name and version, for the records
}

// Evaluation is the result, for people and as JSON.
type Evaluation struct {
	Labels          string        `json:"labels"`
	LabelsDigest    string        `json:"labels_digest"`
	Split           string        `json:"split,omitempty"`
	Counts          labels.Counts `json:"counts"` // of the labels
	ModelID         string        `json:"model_id"`
	VocabID         string        `json:"vocab_id"`
	Untrained       bool          `json:"untrained,omitempty"`
	Device          string        `json:"device"`
	Rows            int64         `json:"rows"` // evaluated or rejected
	Rejects         Rejects       `json:"rejects"`
	Seconds         float64       `json:"seconds"`
	ImagesPerSecond float64       `json:"images_per_second"`
	*evaluate.Report
	Program string `json:"program,omitempty"`
}

func (o Options) validate() error {
	var problems []error
	if o.Labels == "" {
		problems = append(problems, errors.New("no labels given"))
	}
	if o.MaxRejectRate < 0 || o.MaxRejectRate > 1 {
		problems = append(problems, fmt.Errorf("reject rate %g: want 0 to 1", o.MaxRejectRate))
	}
	for _, k := range o.Ks {
		if k < 1 || k > maxK {
			problems = append(problems, fmt.Errorf("k %d: want 1 to %d", k, maxK))
		}
	}
	for _, uri := range []string{o.PerTag, o.Report} {
		if uri != "" {
			_, _, err := storage.SplitURI(uri)
			problems = append(problems, err)
		}
	}
	problems = append(problems, o.Compute.Validate(), o.Access.Validate())
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	return nil
}

// maxK bounds K: an image's K best tags are found by insertion.
const maxK = 1000

// Run evaluates a model. handle receives Loaded, Progress and Warned; it may be
// nil. Errors wrap jobs.ErrConfig, jobs.ErrRejectBudget, storage.ErrTransient or
// the context's cause where they are of that kind; the evaluation comes with an
// ErrRejectBudget, too, and nothing is written then.
func Run(ctx context.Context, o Options, handle engine.Handler) (*Evaluation, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	e, err := run(ctx, o, engine.Serial(handle))
	return e, jobs.CauseOf(ctx, err)
}

func run(ctx context.Context, o Options, handle engine.Handler) (*Evaluation, error) {
	in, err := o.Sources.Open(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range in.Warnings {
		handle(engine.Warned{Message: w})
	}
	chosen := &split{name: o.Split}
	set, err := labels.Read(ctx, o.Labels, in.Vocab, labels.Options{ScratchDir: o.ScratchDir, Part: chosen.part})
	if err != nil {
		return nil, jobs.AsConfig(ctx, err)
	}
	defer set.Close()
	if set.Part(labels.All).Len() == 0 {
		return nil, fmt.Errorf("%w: labels %s: %s", jobs.ErrConfig, storage.Redact(o.Labels), chosen.missing())
	}
	return o.measure(ctx, in, set, handle)
}

// measure evaluates the part of the set that was chosen.
func (o Options) measure(ctx context.Context, in *engine.Inputs, set *labels.Set, handle engine.Handler) (*Evaluation, error) {
	objects, err := jobs.ImagesOf(o.Labels, o.Access)
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	part := set.Part(labels.All)
	m, err := Images{Reader: objects, Ks: o.Ks, Compute: o.Compute, Handle: handle}.Measure(ctx, in, part)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{
		Labels: storage.Redact(o.Labels), LabelsDigest: set.Digest(), Split: o.Split, Counts: set.Counts(),
		ModelID: in.ModelID, VocabID: in.VocabID, Untrained: !in.Description().Lineage.Trained, Device: m.Device,
		Rows: part.Len(), Rejects: m.Rejects, Seconds: m.Seconds, Report: m.Report, Program: o.Program,
	}
	if m.Seconds > 0 {
		e.ImagesPerSecond = float64(e.Rows) / m.Seconds
	}
	if err := jobs.WithinBudget(e.Rejects.Count, e.Rows, e.Rejects.Codes, o.MaxRejectRate); err != nil {
		return e, err
	}
	return e, o.write(ctx, e)
}

// split chooses the rows of one split and notes what others there are.
type split struct {
	name   string
	others []string
}

const maxOthers = 10

func (s *split) part(r *labels.Row) string {
	if s.name == "" || labels.SplitName(r.Split) == labels.SplitName(s.name) {
		return labels.All
	}
	other := r.Split
	if other == "" {
		other = "none"
	}
	if len(s.others) < maxOthers && !slices.Contains(s.others, other) {
		s.others = append(s.others, other)
	}
	return ""
}

// missing says why no row was chosen.
func (s *split) missing() string {
	if s.name == "" || len(s.others) == 0 {
		return "no row names an image"
	}
	return fmt.Sprintf("no row is of split %q; there are %s", s.name, strings.Join(s.others, ", "))
}
