package label_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestOneIDPlannedTwiceAtOnce has commands plan the same run at the same time, each
// with shards of its own size and from a compressed manifest: one plan counts, both
// go on with it, and of the rows that were kept the plan's are left.
func TestOneIDPlannedTwiceAtOnce(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		fmt.Fprint(z, strings.Join(l.names, "\n"))
		ok(t, z.Close())
		put(t, l.in, "images.txt.gz", packed.Bytes())
		o := l.options
		o.Manifest = strings.Replace(o.Manifest, "images.txt", "images.txt.gz", 1)
		for round := range 2 {
			o.RunID = fmt.Sprint("r", round)
			ends := make(chan error, 2)
			for _, rows := range []int64{3, 7} {
				o := o
				o.ShardRows = rows
				go func() {
					_, _, err := l.run(t.Context(), o, nil)
					ends <- err
				}()
			}
			for range cap(ends) {
				if err := <-ends; err != nil {
					t.Errorf("%s: %v", o.RunID, err)
				}
			}
			l.read(t, o.RunID)
			plan, err := dataset.ReadPlan(t.Context(), l.out, o.RunID)
			ok(t, err)
			if kept := keys(t, l.out, filepath.Dir(plan.Manifest.Kept.Key)+"/"); len(kept) != 1 || kept[0] != plan.Manifest.Kept.Key {
				t.Errorf("kept are %q, the plan names %s", kept, plan.Manifest.Kept.Key)
			}
		}
	})
}

// TestShardsOfAnotherSizeAreTold, where they were asked for and the run has others.
func TestShardsOfAnotherSizeAreTold(t *testing.T) {
	l := local(t)
	o := l.options
	o.MaxRejectRate = 0
	if _, _, err := l.run(t.Context(), o, nil); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Fatal(err)
	}
	o.MaxRejectRate = 1
	for _, c := range []struct {
		rows int64
		told int
	}{{4, 0}, {0, 0}, {9, 1}} {
		o.ShardRows = c.rows
		_, e := l.mustRun(t, o)
		if told := of[label.Warned](e); len(told) != c.told {
			t.Errorf("%d rows: %v", c.rows, told)
		}
	}
}
