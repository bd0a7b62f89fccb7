package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/gc"
	"github.com/sdl-batch/sdl-batch/jobs/labelimport"
	"github.com/sdl-batch/sdl-batch/jobs/listing"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/stages/manifest"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// Exit statuses, after sysexits.h.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 64
	exitRejects   = 65
	exitTransient = 75
	exitConfig    = 78
	exitNoReader  = 128 + int(syscall.SIGPIPE) // what shells tell of a program that died of it
)

const exitHelp = `Exit status:
  0   done; rejects, if any, are within the budget (--max-reject-rate)
  1   failed
  64  the command line is wrong
  65  more rejects than the budget allows, or a candidate that does not meet
      --require; nothing was published
  75  try again: storage did not answer, a device was lost, a signal came, or a
      pointer was moved meanwhile
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

// Hints to repeat a command: those that keep what is done, and all others.
const (
	hintGoesOn = "run the same command again; it goes on where it stopped"
	hintAnew   = "run the same command again; it begins anew"
)

// goOn are the commands that keep what is done.
var goOn = []string{"run", "train", "gc"}

// anew is the error of a command that keeps nothing of what it has done.
type anew struct{ error }

func (a anew) Unwrap() error { return a.error }

// ofCommand notes whether a command goes on where it stopped; nil stays nil.
func ofCommand(c *cobra.Command, err error) error {
	if err == nil || slices.Contains(goOn, c.Name()) {
		return err
	}
	return anew{err}
}

// statuses tells exit statuses, and cures, by error; the first match counts.
var statuses = []struct {
	is     error
	status int
	hint   string
}{
	{errInterrupted, exitTransient, hintGoesOn},
	{jobs.ErrRejectBudget, exitRejects, "shards stay done: the same command with a higher --max-reject-rate publishes them without labelling again, a new --run-id labels them again; to see the rejects, look at the codes above"},
	{jobs.ErrRequirement, exitRejects, "the pointer was left as it is; train further, or require less"},
	{jobs.ErrChanged, exitTransient, "run the same command again; it begins with what is there now"},
	{jobs.ErrDamaged, exitFailed, "restore the file, or label again under a new --run-id"},
	{dataset.ErrNewer, exitConfig, "it is of a later version of this program: use that one, or label again under a new --run-id"},
	{dataset.ErrRecord, exitFailed, "restore the file, or label again under a new --run-id; a shard whose receipt is removed is labelled again"},
	{storage.ErrFull, exitFailed, "free some space, or have files, inodes or a quota raised, then " + hintGoesOn},
	{syscall.ENOSPC, exitFailed, "free some space, then " + hintGoesOn},
	{syscall.EDQUOT, exitFailed, "free some space, or have the quota raised, then " + hintGoesOn},
	{syscall.EFBIG, exitFailed, "files may not be that large here: see `ulimit -f` and the limits of the file system"},
	{syscall.EROFS, exitConfig, "mount the disk for writing, then " + hintGoesOn + "; a disk with errors is made read-only by the system, whose log tells"},
	{storage.ErrUnsynced, exitTransient, "look for errors of the disk in the system's log, then " + hintGoesOn},
	{syscall.EMFILE, exitTransient, "allow more open files (`ulimit -n 1024`), or give a smaller --fetchers"},
	{storage.ErrTransient, exitTransient, hintGoesOn},
	{listing.ErrNothing, exitConfig, ""},
	{labelimport.ErrNoTags, exitConfig, "tags are joined by name; --ignore-case finds them in upper or lower case, and `sdl-batch vocab inspect` shows a vocabulary"},
	{plain.ErrTruncated, exitConfig, "copy the file again"},
	{plain.ErrDamaged, exitConfig, "copy the file again"},
	{manifest.ErrEmpty, exitConfig, "a manifest has one image URI a line, or columns and a row an image"},
	{manifest.ErrFormat, exitConfig, "a manifest's format goes by its name unless --manifest-format tells: text, csv, tsv, jsonl or parquet"},
	{manifest.ErrColumn, exitConfig, "--uri-column names the column of image URIs, --carry the columns to copy"},
	{model.ErrForeign, exitConfig, "scores would be noise: take the vocabulary that the model was made for, or --force-vocab if you know that it fits"},
	{model.ErrMismatch, exitConfig, "`sdl-batch model inspect` and `sdl-batch vocab inspect` show what each of them holds"},
	{model.ErrNoVector, exitConfig, "--oov mean gives a phrase the mean of its words' vectors, --oov skip leaves such tags out; or take vectors that have them"},
	{model.ErrDuplicateTag, exitConfig, "a tag is seen or unseen, and listed once; `grep -vxFf unseen.txt seen.txt` lists the seen tags that are not unseen"},
	{tresnet.ErrNoHead, exitConfig, "--rows says how many vectors an image gets: 7 in the reference's NUS-WIDE model, 2 in its COCO model"},
	{model.ErrCorrupt, exitConfig, "make or copy the file again"},
	{model.ErrInvalid, exitConfig, ""},
	{ort.ErrNoLibrary, exitConfig, "`make build` puts the library beside the program; --ort-lib or SDL_ORT_LIB names another place"},
	{ort.ErrRefused, exitConfig, "a bundle's graph must stand alone: no external data, no operators from other libraries"},
	{dataset.ErrAbandoned, exitConfig, "an abandoned run stays so: label again under a new --run-id"},
	{gc.ErrCommitted, exitConfig, "its tables are published; without --abandon its attempts are removed"},
	{storage.ErrNotAllowed, exitConfig, "images of the web are read from hosts with public addresses alone, also behind redirects"},
	{storage.ErrAmazonCredentials, exitConfig, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or add ?anonymous=true for a public bucket"},
	{storage.ErrGoogleCredentials, exitConfig, "set GOOGLE_APPLICATION_CREDENTIALS to a key file, log in with `gcloud auth application-default login`, or add ?anonymous=true for a public bucket"},
	{storage.ErrAzureCredentials, exitConfig, "set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, log in with `az login`, or add ?anonymous=true for a public container"},
	{storage.ErrPermission, exitConfig, "check the credentials and the permissions of the path"},
	{fs.ErrPermission, exitConfig, "check the permissions of the path"},
	{storage.ErrNotExist, exitConfig, "check the spelling of the path or URI"},
	{storage.ErrSettings, exitConfig, "look at the options behind the ? of the URI and at the environment; `sdl-batch doctor URI` tries them"},
	{storage.ErrUnsupported, exitConfig, ""},
	{storage.ErrExist, exitConfig, ""},
	{storage.ErrInvalid, exitConfig, ""},
	{jobs.ErrConfig, exitConfig, ""},
	{context.Canceled, exitTransient, hintGoesOn},
}

// finish prints what went wrong and returns the exit status. It is the one
// place that prints errors.
func finish(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if readerLeft(err) {
		return exitNoReader
	}
	status, hint := classify(err)
	fmt.Fprintf(w, "sdl-batch: error: %s\n", words(err))
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", storage.RedactText(hint))
	}
	return status
}

// kinds are the names of errors' kinds and packages, which the exit status and
// the rest of the message tell better.
var kinds = []string{jobs.ErrConfig.Error(), manifest.ErrColumn.Error(), manifest.ErrFormat.Error(), "onnxgraph", "ort", "torchfile", "tresnet"}

// words is an error's message for people, without secrets: not all that quotes a
// flag, a header or an answer knows what is one.
func words(err error) string {
	if errors.Is(err, errInterrupted) {
		return errInterrupted.Error() // wherever in the work it came
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	for i, line := range lines {
		parts := slices.DeleteFunc(strings.Split(line, ": "), func(p string) bool { return slices.Contains(kinds, p) })
		lines[i] = strings.Join(parts, ": ")
	}
	return storage.RedactText(strings.Join(lines, "\n"))
}

func classify(err error) (status int, hint string) {
	status, hint = statusOf(err)
	var cure hinted
	if errors.As(err, &cure) && !errors.Is(err, errInterrupted) {
		hint = cure.hint
	}
	if errors.As(err, new(anew)) {
		hint = strings.Replace(hint, hintGoesOn, hintAnew, 1)
	}
	return status, hint
}

func statusOf(err error) (status int, hint string) {
	var wrong usageError
	if errors.As(err, &wrong) {
		return exitUsage, "`sdl-batch --help` and `sdl-batch COMMAND --help` tell more"
	}
	if scratch, full := ofScratch(err); scratch {
		return scratchStatus(full), hintScratch
	}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			return s.status, s.hint
		}
	}
	return exitFailed, ""
}
