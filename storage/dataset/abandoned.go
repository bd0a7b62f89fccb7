package dataset

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// ErrAbandoned says that a run was given up, for good: nobody commits it any more.
var ErrAbandoned = errors.New("was abandoned")

// Abandonment is the record that gives a run up. It takes the place of the run's
// commit or, where the run was never planned, of its plan: of two who would commit
// and abandon a run the first wins, and the other one reads who.
type Abandonment struct {
	Format  int       `json:"format"`
	RunID   string    `json:"run_id"`
	At      time.Time `json:"abandoned"`
	Program string    `json:"program"`
}

// abandoned is read beside a plan or a commit.
type abandoned struct {
	At *time.Time `json:"abandoned"`
}

func (a abandoned) err(run string) error {
	if a.At == nil {
		return nil
	}
	return fmt.Errorf("run %s %w on %s", run, ErrAbandoned, a.At.UTC().Format(time.RFC3339))
}

// Abandon gives a planned run up unless it was committed, and reports whether it
// is given up now.
func Abandon(ctx context.Context, b *storage.Bucket, run, program string) (bool, error) {
	if err := abandonAs(ctx, b, CommitKey(run), run, program); err != nil {
		return false, err
	}
	_, err := ReadCommit(ctx, b, run)
	return isAbandoned(err)
}

// AbandonUnplanned gives an id up unless a run of that id was planned, and reports
// whether it is given up now.
func AbandonUnplanned(ctx context.Context, b *storage.Bucket, run, program string) (bool, error) {
	if err := abandonAs(ctx, b, PlanKey(run), run, program); err != nil {
		return false, err
	}
	_, err := ReadPlan(ctx, b, run)
	return isAbandoned(err)
}

func abandonAs(ctx context.Context, b *storage.Bucket, key, run, program string) error {
	_, err := createRecord(ctx, b, key, Abandonment{Format: Format, RunID: run, At: time.Now().UTC(), Program: program})
	return err
}

func isAbandoned(err error) (bool, error) {
	if errors.Is(err, ErrAbandoned) {
		return true, nil
	}
	return false, err
}
