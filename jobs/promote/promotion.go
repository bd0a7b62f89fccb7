package promote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/evaluate"
	"github.com/sdl-batch/sdl-batch/model"
)

// Promotion is the result, for people and as JSON.
type Promotion struct {
	Pointer        string    `json:"pointer"`   // its URI, without secrets
	Candidate      *Side     `json:"candidate"` //
	Current        *Side     `json:"current"`   // nil: there was no current model
	AlreadyCurrent bool      `json:"already_current"`
	Labels         string    `json:"labels"`
	LabelsDigest   string    `json:"labels_digest,omitempty"`
	Split          string    `json:"split,omitempty"`
	VocabID        string    `json:"vocab_id"`
	Rows           int64     `json:"rows"` // labelled images
	Requirements   []Outcome `json:"requirements"`
	DryRun         bool      `json:"dry_run"`
	Promoted       bool      `json:"promoted"`         // the pointer was moved
	Bundle         string    `json:"bundle,omitempty"` // where it leads since
	Seconds        float64   `json:"seconds"`
	Program        string    `json:"program,omitempty"`
}

// Side is one of the two models.
type Side struct {
	ModelID   string             `json:"model_id"`
	Location  string             `json:"location"` // of its bundle
	Untrained bool               `json:"untrained,omitempty"`
	Images    int64              `json:"images"` // measured
	Rejects   evaluate.Rejects   `json:"rejects"`
	Metrics   map[string]float64 `json:"metrics"` // percent; none where there was nothing to measure
	Device    string             `json:"device,omitempty"`
	Seconds   float64            `json:"seconds"`

	bundle     *model.Bundle
	evaluation *evaluate.Evaluation
}

func newSide(b *model.Bundle) *Side {
	return &Side{ModelID: b.ID(), Location: b.Location(), Untrained: !b.Description.Lineage.Trained, bundle: b}
}

// measured takes the figures. Over the reject budget there are none.
func (s *Side) measured(e *evaluate.Evaluation) {
	s.evaluation, s.Rejects, s.Device, s.Seconds = e, e.Rejects, e.Device, e.Seconds
	s.Images, s.Metrics = e.Images, e.Metrics()
}

// Outcome tells of one requirement. Figures are percent.
type Outcome struct {
	Requirement string   `json:"requirement"`
	Candidate   float64  `json:"candidate"`
	Current     *float64 `json:"current"` // nil: there is no current model
	Limit       *float64 `json:"limit"`   // what the candidate is compared with; nil: no current model
	Met         bool     `json:"met"`
	ShortBy     float64  `json:"short_by"` // points; 0 where met
}

// images is what every candidate must fulfil: a model that cannot score the
// images that are hard would look better for it.
const images = "images >= current"

// judge checks every requirement. Without a current model those that compare with
// it are met. A figure that the labels do not give is jobs.ErrConfig.
func (p *Promotion) judge(all []Requirement) error {
	var problems []error
	for _, r := range all {
		o, err := p.outcome(r)
		problems = append(problems, err)
		p.Requirements = append(p.Requirements, o)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: labels %s: %w", jobs.ErrConfig, p.Labels, err)
	}
	if c := p.Current; c != nil && p.Candidate.Images < c.Images {
		n := float64(c.Images)
		p.Requirements = append(p.Requirements, Outcome{
			Requirement: images, Candidate: float64(p.Candidate.Images), Current: &n, Limit: &n, ShortBy: n - float64(p.Candidate.Images),
		})
	}
	return nil
}

func (p *Promotion) outcome(r Requirement) (Outcome, error) {
	o := Outcome{Requirement: r.String(), Met: true}
	var err error
	if o.Candidate, err = p.Candidate.evaluation.Metric(r.Metric); err != nil {
		return o, err
	}
	if p.Current != nil {
		figure, err := p.Current.evaluation.Metric(r.Metric)
		if err != nil {
			return o, fmt.Errorf("current model: %w", err)
		}
		o.Current = &figure
	}
	if r.Operand.Current && o.Current == nil {
		return o, nil
	}
	limit := r.limit(valueOf(o.Current))
	o.Limit = &limit
	if by, met := r.short(o.Candidate, limit); !met {
		o.Met, o.ShortBy = false, by
	}
	return o, nil
}

func valueOf(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}

// unmet is jobs.ErrRequirement where a requirement is not met.
func (p *Promotion) unmet() error {
	var failed []string
	for _, o := range p.Requirements {
		if !o.Met {
			failed = append(failed, fmt.Sprintf("%s: it has %.2f, short of %.2f by %.2f", o.Requirement, o.Candidate, *o.Limit, o.ShortBy))
		}
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", jobs.ErrRequirement, strings.Join(failed, "; "))
}
