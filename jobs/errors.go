// Package jobs holds what whole jobs share. The jobs are its subfolders.
package jobs

import "errors"

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
)
