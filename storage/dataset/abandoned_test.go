package dataset_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func TestAnAbandonedRunIsNeverCommitted(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for range 2 {
			if given, err := dataset.Abandon(t.Context(), b, run, "test"); !given || err != nil {
				t.Fatalf("given up %v, error %v", given, err)
			}
		}
		c, err := dataset.CreateCommit(t.Context(), b, newCommit())
		if c != nil || !errors.Is(err, dataset.ErrAbandoned) || !strings.Contains(err.Error(), "run "+run+" was abandoned on 20") {
			t.Errorf("commit %+v, error %v", c, err)
		}
		if _, err := dataset.ReadCommit(t.Context(), b, run); !errors.Is(err, dataset.ErrAbandoned) || errors.Is(err, storage.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	})
}

func TestACommittedRunIsNeverAbandoned(t *testing.T) {
	b := memory(t)
	_, err := dataset.CreateCommit(t.Context(), b, newCommit())
	ok(t, err)
	if given, err := dataset.Abandon(t.Context(), b, run, "test"); given || err != nil {
		t.Errorf("given up %v, error %v", given, err)
	}
	_, err = dataset.ReadCommit(t.Context(), b, run)
	ok(t, err)
}

func TestAnAbandonedIDIsNeverPlanned(t *testing.T) {
	b := memory(t)
	if given, err := dataset.AbandonUnplanned(t.Context(), b, run, "test"); !given || err != nil {
		t.Fatalf("given up %v, error %v", given, err)
	}
	if p, err := dataset.CreatePlan(t.Context(), b, newPlan()); p != nil || !errors.Is(err, dataset.ErrAbandoned) {
		t.Errorf("plan %+v, error %v", p, err)
	}
	b = memory(t)
	_, err := dataset.CreatePlan(t.Context(), b, newPlan())
	ok(t, err)
	if given, err := dataset.AbandonUnplanned(t.Context(), b, run, "test"); given || err != nil {
		t.Errorf("of a planned run: given up %v, error %v", given, err)
	}
}

// TestCommitOrAbandonment races both: all see one outcome.
func TestCommitOrAbandonment(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		const each = 4
		var committed, given [each]bool
		var all sync.WaitGroup
		for i := range each {
			all.Go(func() {
				c, err := dataset.CreateCommit(t.Context(), b, newCommit())
				committed[i] = c != nil
				if err != nil && !errors.Is(err, dataset.ErrAbandoned) {
					t.Error(err)
				}
			})
			all.Go(func() {
				var err error
				if given[i], err = dataset.Abandon(t.Context(), b, run, "test"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for i := range each {
			if committed[i] == given[i] || committed[i] != committed[0] {
				t.Fatalf("committed %v, abandoned %v", committed, given)
			}
		}
	})
}
