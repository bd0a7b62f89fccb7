// Package doctor looks at what a job would need on this machine and tells what
// works and what does not: the runtime library, devices, the model, scratch
// space, and access to stores.
package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Options say what to look at. The zero value looks at this machine and at the
// program's own model.
type Options struct {
	Read  []string // URIs of objects and folders to be read
	Write []string // URIs of folders to be written to; small files are made there and deleted

	engine.Sources
	engine.Compute
	ScratchDir string // "" is the system's

	// Executable is the program to start for what runs foreign code: it must
	// call ChildMain when its first argument is Command.
	Executable string
	Program    string // name and version
}

// Status is the outcome of a check.
type Status string

// Outcomes. Off is something that is not there and not required.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
	Off  Status = "off"
)

// Finding is what a check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail"` // one line, without secrets
	Hint   string `json:"hint,omitempty"`
	// Seconds that an image, or the first answer of a store, took; else 0.
	Seconds float64 `json:"seconds,omitempty"`
	// Err is the cause of a failure; it tells its kind.
	Err error `json:"-"`
}

// Report is what all checks found, in their order.
type Report struct {
	Healthy  bool      `json:"healthy"`
	Findings []Finding `json:"findings"`
}

// Run makes every check. Where some failed it returns their report and an error:
// storage.ErrTransient if they may pass by themselves, else jobs.ErrConfig. handle
// gets each finding as it is made and may be nil.
func Run(ctx context.Context, o Options, handle func(Finding)) (*Report, error) {
	if err := o.Compute.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", jobs.ErrConfig, err)
	}
	r := &Report{}
	for _, check := range o.checks() {
		for _, f := range check(ctx) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			r.Findings = append(r.Findings, f)
			if handle != nil {
				handle(f)
			}
		}
	}
	err := r.verdict()
	r.Healthy = err == nil
	return r, err
}

// check makes findings.
type check func(ctx context.Context) []Finding

func (o Options) checks() []check {
	all := []check{o.program, o.machine, o.scratch, o.runtime}
	for _, uri := range o.Read {
		all = append(all, func(ctx context.Context) []Finding { return []Finding{read(ctx, uri)} })
	}
	for _, uri := range o.Write {
		all = append(all, func(ctx context.Context) []Finding { return []Finding{write(ctx, uri)} })
	}
	return all
}

// verdict is nil where no check failed.
func (r *Report) verdict() error {
	failed, kind := 0, storage.ErrTransient
	for _, f := range r.Findings {
		if f.Status != Fail {
			continue
		}
		failed++
		if !errors.Is(f.Err, storage.ErrTransient) {
			kind = jobs.ErrConfig
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d of %d checks failed", kind, failed, len(r.Findings))
}

// failed is the finding of an error.
func failed(check string, err error) Finding {
	return Finding{Check: check, Status: Fail, Detail: storage.RedactText(err.Error()), Err: err}
}
