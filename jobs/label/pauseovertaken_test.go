package label_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// TestWhatAnotherProcessHasFinishedIsDone lets a write of one process fail for good,
// after another one did the same shards, and committed the run or not: the first
// ends well in both cases.
func TestWhatAnotherProcessHasFinishedIsDone(t *testing.T) {
	for name, c := range map[string]struct {
		at    string  // the write that fails
		rate  float64 // of rejects, that the other process allows
		warns int
	}{
		"the run, while this one publishes":         {"/run=r1/part-", 0.5, 1},
		"the run, while this one labels":            {"/attempts/", 0.5, 0},
		"the shards alone, while this one labels":   {"/attempts/", 0, 0},
		"the shards alone, while this one finishes": {"/tags.parquet", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			front := storagetest.NewFront(storagetest.NewS3(t))
			folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
			l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
			other := l.options
			other.MaxRejectRate = c.rate
			var first sync.Once
			var err error
			front.Once("PUT", c.at, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				first.Do(func() { _, err = label.Run(t.Context(), other, nil) })
				storagetest.Status(403, "AccessDenied")(w, r, next)
			})
			_, e := l.mustRun(t, l.options)
			if committed := c.rate > 0; committed && err != nil || !committed && !errors.Is(err, jobs.ErrRejectBudget) {
				t.Errorf("the other process: %v", err)
			}
			if warned := of[label.Warned](e); len(warned) != c.warns {
				t.Errorf("warned %v", warned)
			}
			l.read(t, "r1")
			l.checkAttempts(t, "r1", name, false)
		})
	}
}
