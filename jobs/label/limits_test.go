package label

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestARateThatIsJustMetIsWithinTheBudget: 0.29·100 is less than 29 in floating
// point.
func TestARateThatIsJustMetIsWithinTheBudget(t *testing.T) {
	for rejected := range int64(101) {
		rate, err := strconv.ParseFloat(fmt.Sprintf("%.2f", float64(rejected)/100), 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := withinBudget(&dataset.Commit{Rows: 100, Rejected: rejected}, rate); err != nil {
			t.Error(err)
		}
		if err := withinBudget(&dataset.Commit{Rows: 100, Rejected: rejected + 1}, rate); !errors.Is(err, jobs.ErrRejectBudget) {
			t.Errorf("%d of 100 at %v: %v", rejected+1, rate, err)
		}
	}
}

// TestTheLargestPartIsThatOfTheRowsThereAre: shard rows bound shards, a short
// manifest has shorter ones.
func TestTheLargestPartIsThatOfTheRowsThereAre(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "images.txt")
	in := &engine.Inputs{Bundle: &model.Bundle{Description: model.Description{Rows: 1 << 10, Dim: 1 << 10}}} // 4 MiB an image
	for rows, fits := range map[int]bool{1: true, 1024: true, 1025: false} {
		if err := os.WriteFile(manifest, []byte(strings.Repeat("a.png\n", rows)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := draft(t.Context(), Options{Manifest: manifest, Output: "out"}.withDefaults(), in)
		if fits && err != nil || !fits && (!errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "give --shard-rows 1024")) {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
}
