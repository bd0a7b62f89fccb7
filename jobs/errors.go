// Package jobs holds what whole jobs share. The jobs are its subfolders.
package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Errors that decide a command's exit status; test with errors.Is.
var (
	// ErrConfig: the inputs do not fit together, or are not what they are said
	// to be. Running the same command again cannot help.
	ErrConfig = errors.New("configuration")
	// ErrRejectBudget: more rows were rejected than allowed. Nothing was
	// published.
	ErrRejectBudget = errors.New("too many rejects")
	// ErrDamaged: a committed run is not what it promises to be.
	ErrDamaged = errors.New("damaged run")
	// ErrRequirement: a candidate is not as good as required. Nothing was
	// promoted.
	ErrRequirement = errors.New("the candidate is not as good as required")
	// ErrChanged: something that must stay as it is during a job did not. The
	// same command again begins with what is there then.
	ErrChanged = errors.New("changed meanwhile")
)

// AsConfig marks errors that no repetition can cure as ErrConfig.
func AsConfig(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, storage.ErrTransient) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrConfig, err)
}

// CauseOf says why a context ended, where that is what an error comes from.
func CauseOf(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, context.Cause(ctx)) {
		return err
	}
	return fmt.Errorf("%w: %w", context.Cause(ctx), err)
}
