package dataset_test

import (
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

func TestIDsFitIntoNames(t *testing.T) {
	one, other := dataset.NewID(), dataset.NewID()
	key := dataset.AttemptKey(run, 3, one, dataset.Tags, dataset.Parquet)
	if place, ok := dataset.PlaceOf(key); !ok || place.Attempt != one || one == other {
		t.Errorf("%s and %s: %s is at %+v", one, other, key, place)
	}
}

func TestPlacesOfFiles(t *testing.T) {
	attempt := dataset.Place{Kind: dataset.AttemptFile, Run: run, Shard: 12, Attempt: "A1"}
	for key, want := range map[string]dataset.Place{
		dataset.AttemptKey(run, 12, "A1", dataset.Tags, dataset.Arrow):        attempt,
		dataset.AttemptsPrefix(run) + "000012.A1/.sdl-XYZ.tmp":                attempt,
		dataset.AttemptKey(run, 1234567, "A1", dataset.Tags, dataset.Parquet): {Kind: dataset.AttemptFile, Run: run, Shard: 1234567, Attempt: "A1"},
		dataset.KeptKey(run, "A"):                                             {Kind: dataset.KeptFile, Run: run},
		dataset.ProbePrefix(run) + ".sdl-probe-X":                             {Kind: dataset.ProbeFile, Run: run},
		dataset.PartKey(dataset.Images, run, 3, dataset.Parquet):              {Kind: dataset.TableFile, Run: run},
		dataset.SuccessKey(dataset.Vocab, run):                                {Kind: dataset.TableFile, Run: run},
	} {
		if got, ok := dataset.PlaceOf(key); !ok || got != want {
			t.Errorf("%s: %+v, %v", key, got, ok)
		}
	}
	for _, key := range []string{
		dataset.PlanKey(run), dataset.CommitKey(run), dataset.VocabKey(run), dataset.ReceiptKey(run, 3), dataset.RunPrefix(run) + "x/y/z",
		dataset.AttemptsPrefix(run) + "12.A1/tags.parquet", dataset.AttemptsPrefix(run) + "000012.A1/x/y", dataset.AttemptsPrefix(run) + "000012/x",
		dataset.AttemptsPrefix(run) + "-00012.A1/x", dataset.AttemptsPrefix(run) + "000012.A 1/x", dataset.AttemptsPrefix(run) + "000012.A1",
	} {
		if got, ok := dataset.PlaceOf(key); !ok || got != (dataset.Place{Run: run}) {
			t.Errorf("%s: %+v, %v", key, got, ok)
		}
	}
	for _, key := range []string{"", "x", "_runs/x", "_runs//x", "_runs/../x", "images/x", "images/run=/x", "images/run=a/b/c", "images/run=../x", "photos/run=a/x", "x/images/run=a/x", "x/_runs/a/x"} {
		if got, ok := dataset.PlaceOf(key); ok {
			t.Errorf("%s: %+v", key, got)
		}
	}
}

func TestPlacesOfRuns(t *testing.T) {
	key := dataset.PartKey(dataset.Tags, run, 3, dataset.Parquet)
	for _, id := range []string{"", run} {
		within := 0
		for _, prefix := range dataset.Places(id) {
			for _, key := range []string{key, dataset.PlanKey(run)} {
				if strings.HasPrefix(key, prefix) {
					within++
				}
			}
		}
		if within != 2 {
			t.Errorf("%d files are within the places of %q", within, id)
		}
	}
	for _, prefix := range dataset.Places("2026") {
		if strings.HasPrefix(key, prefix) {
			t.Errorf("%s holds another run's %s", prefix, key)
		}
	}
}

func FuzzPlaceOf(f *testing.F) {
	for _, key := range []string{"_runs/a/attempts/000012.A1/x", "_runs/a/manifest/x", "images/run=a/x", "_runs/a/attempts/+00012.A/x"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		place, ok := dataset.PlaceOf(key)
		if !ok {
			return
		}
		if err := dataset.ValidateRunID(place.Run); err != nil {
			t.Error(err)
		}
		within := dataset.AttemptsPrefix(place.Run) + dataset.AttemptName(place.Shard, place.Attempt) + "/"
		if place.Kind == dataset.AttemptFile && !strings.HasPrefix(key, within) {
			t.Errorf("%q is not within %q", key, within)
		}
	})
}
