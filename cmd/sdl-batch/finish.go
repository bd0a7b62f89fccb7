package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
)

// Exit statuses, after sysexits.h.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 64
	exitRejects   = 65
	exitTransient = 75
	exitConfig    = 78
)

const exitHelp = `Exit status:
  0   done; rejects, if any, are within the budget (--max-reject-rate)
  1   failed
  64  the command line is wrong
  65  more rejects than the budget allows; nothing was published
  75  try again: storage did not answer, a device was lost, or a signal came
  78  configuration: model, vocabulary, manifest and run do not fit together`

// usageError marks a wrong command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hinted is an error whose cure the command knows.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// statuses tells exit statuses, and cures, by error; the first match counts.
var statuses = []struct {
	is     error
	status int
	hint   string
}{
	{errInterrupted, exitTransient, "run the same command again; it goes on where it stopped"},
	{jobs.ErrRejectBudget, exitRejects, "shards stay done: the same command with a higher --max-reject-rate publishes them without labelling again; to see the rejects, look at the codes above"},
	{jobs.ErrDamaged, exitFailed, "restore the file, or label again under a new --run-id"},
	{storage.ErrTransient, exitTransient, "run the same command again; it goes on where it stopped"},
	{manifest.ErrEmpty, exitConfig, "a manifest has one image URI a line, or is a csv file with a header"},
	{manifest.ErrColumn, exitConfig, "name the column that holds the image URIs with --uri-column"},
	{model.ErrMismatch, exitConfig, "`sdl-batch model inspect` and `sdl-batch vocab inspect` show what each of them holds; --force-vocab overrides a label-space check"},
	{model.ErrCorrupt, exitConfig, "make or copy it again; `sdl-batch model inspect` checks a bundle"},
	{model.ErrInvalid, exitConfig, ""},
	{ort.ErrNoLibrary, exitConfig, "`make build` puts the library beside the program; --ort-lib or SDL_ORT_LIB names another place"},
	{ort.ErrRefused, exitConfig, "a bundle's graph must stand alone: no external data, no operators from other libraries"},
	{jobs.ErrConfig, exitConfig, ""},
	{storage.ErrPermission, exitConfig, "check the credentials and the permissions of the path"},
	{storage.ErrNotExist, exitConfig, "check the spelling of the path or URI"},
	{storage.ErrUnsupported, exitConfig, ""},
	{storage.ErrInvalid, exitConfig, ""},
	{context.Canceled, exitTransient, "run the same command again; it goes on where it stopped"},
}

// finish prints what went wrong and returns the exit status. It is the one
// place that prints errors.
func finish(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	status, hint := classify(err)
	fmt.Fprintf(w, "sdl-batch: error: %s\n", strings.TrimSpace(err.Error()))
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
	return status
}

func classify(err error) (status int, hint string) {
	status = exitFailed
	var wrong usageError
	if errors.As(err, &wrong) {
		return exitUsage, "`sdl-batch --help` and `sdl-batch COMMAND --help` tell more"
	}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			status, hint = s.status, s.hint
			break
		}
	}
	var cure hinted
	if errors.As(err, &cure) {
		hint = cure.hint
	}
	return status, hint
}
