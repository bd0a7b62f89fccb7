package train_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestUnreadableImagesArePassedOver(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		put(t, l.in, "pictures/03.png", []byte("no image"))
		ok(t, l.in.Delete(t.Context(), "pictures/10.png"))
		ok(t, l.in.Delete(t.Context(), "pictures/04.png")) // validates
		l.options.MaxRejectRate = 0.03                     // one of 48, not two
		_, e, err := run(t, l.options)
		if !errors.Is(err, jobs.ErrRejectBudget) || !strings.Contains(err.Error(), "fetch/not_found") || !strings.Contains(err.Error(), "decode/unknown_format") {
			t.Errorf("2 of 48 at 0.03: %v", err)
		}
		if rejected := named(e); !slices.Equal(rejected, []string{"pictures/03.png decode/unknown_format", "pictures/10.png fetch/not_found"}) {
			t.Errorf("told of %q", rejected)
		}
		if l.options.Tune != "head" { // whose features are not part of the training
			checkPage(t, l.options.Output, "stopped", "too many rejects", "pictures/10.png", "decode/unknown_format: ")
		}

		l.options.MaxRejectRate = 0.1
		s, _ := mustTrain(t, l.options)
		if s.Rejected < 2 || s.Rejected > 8 {
			t.Errorf("%d rejects", s.Rejected)
		}
		whole := l.into(t)
		mustTrain(t, whole)
		same(t, read(t, l.options.Output), read(t, whole.Output))
		checkPage(t, whole.Output, "finished", "pictures/10.png", "pictures/03.png")
	})
}

// A lake that lacks most of its images is not read to its end.
func TestTheBudgetEndsAPass(t *testing.T) {
	l := local(t)
	l.options.Tune, l.options.MaxRejectRate = "all", 0.1
	for i := 0; i < imageCount; i += 2 {
		ok(t, l.in.Delete(t.Context(), l.rows[i].URI))
	}
	_, e, err := run(t, l.options)
	if !errors.Is(err, jobs.ErrRejectBudget) || !strings.Contains(err.Error(), "5 of 48 rows") {
		t.Errorf("error %v", err)
	}
	if told := named(e); len(told) != 5 {
		t.Errorf("told of %q", told)
	}
}

// named lists the images to train on that a training told to be rejected.
func named(e events) (images []string) {
	for _, r := range of[train.Rejected](e) {
		if r.URI != "pictures/04.png" {
			images = append(images, r.URI+" "+r.Code)
		}
	}
	slices.Sort(images)
	return images
}

func checkPage(t *testing.T, output string, words ...string) {
	t.Helper()
	text := page(t, output)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not on the page", w)
		}
	}
}

func TestNoImageCanBeRead(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := range imageCount {
			l.rows[i].URI = fmt.Sprintf("nowhere/%d.png", i)
		}
		l.label(t)
		l.options.MaxRejectRate = 1
		_, _, err := run(t, l.options)
		if !errors.Is(err, jobs.ErrRejectBudget) {
			t.Errorf("error %v", err)
		}
		t.Log(err)
	})
}

func TestValidationWithoutAnyImage(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := 4; i < imageCount; i += 5 {
			ok(t, l.in.Delete(t.Context(), l.rows[i].URI))
		}
		_, _, err := run(t, l.options)
		if l.options.Tune == "head" && errors.Is(err, jobs.ErrRejectBudget) {
			return // its features are refused before anything is measured
		}
		if err == nil || !strings.Contains(err.Error(), "none of the images that validate could be read") {
			t.Errorf("error %v", err)
		}
	})
}

// Images that validate are within the budget, too, or the best epoch would be
// picked on what is left.
func TestValidationHasTheSameBudget(t *testing.T) {
	everyTuning(t, func(t *testing.T, l *lake) {
		for i := 4; i < 15; i += 5 {
			ok(t, l.in.Delete(t.Context(), l.rows[i].URI))
		}
		if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
			t.Errorf("error %v", err)
		}
	})
}

// What was over the budget is looked at again once it is repaired.
func TestRepairedImagesAreTrainedOn(t *testing.T) {
	everyTuning(t, repaired)
}

func repaired(t *testing.T, l *lake) {
	whole := l.into(t)
	mustTrain(t, whole)
	body, _, err := l.in.ReadAll(t.Context(), l.rows[0].URI, 1<<20)
	ok(t, err)
	ok(t, l.in.Delete(t.Context(), l.rows[0].URI))
	l.options.MaxRejectRate = 0
	if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Fatalf("error %v", err)
	}
	put(t, l.in, l.rows[0].URI, body)
	s, _ := mustTrain(t, l.options)
	if s.Rejected != 0 {
		t.Errorf("%d rejects", s.Rejected)
	}
	if l.options.Tune == "head" { // the others may have met other images in the meantime
		same(t, read(t, l.options.Output), read(t, whole.Output))
	}
}

// A set that one batch holds can lack an image.
func TestAHeadOfASmallSetDoesWithoutAnImage(t *testing.T) {
	l := local(t)
	l.options.Tune, l.options.Recipe.Batch = "head", 1000
	ok(t, l.in.Delete(t.Context(), l.rows[0].URI))
	if s, e := mustTrain(t, l.options); s.Rejected != 1 || of[train.Planned](e)[0].Batch != int(s.Images)-1 {
		t.Errorf("%+v", s)
	}
}

func TestImagesWithoutASeenTagAreDropped(t *testing.T) {
	l := local(t)
	l.rows[0].Positives = []string{"sepia", "purple"}
	l.rows[1].Positives = nil
	l.rows[4].Positives = []string{"sepia"} // validates, and is no loss
	l.label(t)
	l.options.SaveEvery = time.Nanosecond
	l.interrupt(t, func() int { return len(l.checkpoints(t, ".json")) }, 1)
	s, e := mustTrain(t, l.options)
	if s.Images != 46 || s.Dropped != 2 || !slices.Equal(s.DroppedImages, []string{"pictures/00.png", "pictures/01.png"}) {
		t.Errorf("summary %+v", s)
	}
	if p := of[train.Planned](e)[0]; p.Dropped != 2 || p.Steps != 15 {
		t.Errorf("planned %+v", p)
	}
	checkPage(t, l.options.Output, "no seen tag", "pictures/00.png", "pictures/01.png")

	for i := range l.rows {
		l.rows[i].Positives = []string{"purple", "sepia"}
	}
	l.label(t)
	_, _, err := run(t, l.into(t))
	if !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), `of 60 rows 48 have no seen tag; the vocabulary lacks 1 of the tags, as "purple"`) {
		t.Errorf("error %v", err)
	}
}

func TestRemoteLabelsNameNoLocalFiles(t *testing.T) {
	folder, query, _ := strings.Cut(storagetest.S3(t), "?")
	here := local(t)
	l := newLake(t, folder+"/in?"+query, filepath.Join(t.TempDir(), "out"))
	for i := range l.rows {
		l.rows[i].URI = strings.TrimPrefix(here.in.URI(), "file://") + "/" + l.rows[i].URI
	}
	l.label(t)
	if _, _, err := run(t, l.options); !errors.Is(err, jobs.ErrRejectBudget) {
		t.Errorf("local files of remote labels: %v", err)
	}
	o := l.into(t)
	o.AllowRoots = []string{here.in.URI()}
	mustTrain(t, o)
}
