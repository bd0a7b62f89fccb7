package label_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// clouds are the stores behind HTTP.
var clouds = map[string]func(testing.TB) string{
	"s3": storagetest.VersityS3, "gs": storagetest.GCS, "az": storagetest.Azure,
	"gofakes3": func(t testing.TB) string { return storagetest.S3(t) },
}

// chaosFor is how long runs are disturbed on each kind of store.
func chaosFor() time.Duration {
	if os.Getenv("SDL_TORTURE") != "" {
		return 3 * time.Minute
	}
	return 3 * time.Second
}

// mostTries is how often a command may have to be repeated under chaos.
const mostTries = 6

// TestRunsThroughChaos: with one request in twelve failing in one way or another, a
// run ends well with the rows of one that nobody disturbed, or asks to be run again
// and does so then. Each seed is another run; the failing one is named.
func TestRunsThroughChaos(t *testing.T) {
	a := local(t)
	a.mustRun(t, a.options)
	wanted := untried(a.read(t, "r1"))
	for name, server := range clouds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs, tries := 0, 0
			until := time.Now().Add(chaosFor())
			for seed := uint64(1); seed == 1 || time.Now().Before(until) && !t.Failed(); seed++ {
				runs++
				tries += runDisturbed(t, server(t), seed, wanted)
			}
			t.Logf("%d runs in %d tries", runs, tries)
		})
	}
}

// runDisturbed labels a lake of its own and returns how many tries it took.
func runDisturbed(t *testing.T, uri string, seed uint64, wanted tables) (tries int) {
	t.Helper()
	front, uri := storagetest.Behind(t, uri)
	folder, query, _ := strings.Cut(uri, "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	chaos := storagetest.NewChaos(front, seed, 1.0/12)
	chaos.Switch(true)
	defer chaos.Switch(false)
	for {
		tries++
		_, _, err := l.run(t.Context(), l.options, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, storage.ErrTransient) || errors.Is(err, jobs.ErrConfig) || tries == mostTries {
			t.Errorf("seed %d, try %d: %v\n%s", seed, tries, err, strings.Join(chaos.Given(), "\n"))
			return tries
		}
	}
	chaos.Switch(false)
	same(t, wanted, untried(l.read(t, "r1")))
	if t.Failed() {
		t.Logf("seed %d:\n%s", seed, strings.Join(chaos.Given(), "\n"))
	}
	return tries
}

// untried are tables without the number of tries that each image took.
func untried(x tables) tables {
	for row, image := range x.images {
		image.Attempts = 0
		x.images[row] = image
	}
	return x
}

// TestATroubledStoreIsTold: an operator learns why nothing moves, once and not with
// every request.
func TestATroubledStoreIsTold(t *testing.T) {
	front, uri := storagetest.Behind(t, storagetest.S3(t))
	folder, query, _ := strings.Cut(uri, "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	front.Once("GET", "/in/scenes/", storagetest.Status(503, "SlowDown"), storagetest.Reset, storagetest.Status(500, "InternalError"))
	_, e := l.mustRun(t, l.options)
	told := of[label.Warned](e)
	if len(told) != 1 || !strings.Contains(told[0].Message, "/in/scenes/") || !strings.Contains(told[0].Message, "asked again in") ||
		strings.Contains(told[0].Message, "endpoint") {
		t.Errorf("told %+v", told)
	}
}

// impatient returns a context under which storage does not wait between tries.
func impatient(ctx context.Context) context.Context {
	return storage.WithSteps(ctx, func(s storage.Step) error {
		if s.Op == "wait" {
			return errors.New("do not wait")
		}
		return nil
	})
}

// TestADeadOutputIsTransient, whatever the run was about to do with it.
func TestADeadOutputIsTransient(t *testing.T) {
	for _, c := range []struct{ method, part string }{
		{"PUT", "/attempts/000001"}, {"PUT", "/plan.json"}, {"PUT", "/commit.json"}, {"PUT", "/tags/run=r1/part-000000.parquet"},
		{"PUT", "/images/run=r1/_SUCCESS"}, {"GET", "receipts"}, {"GET", "/vocab.parquet"},
	} {
		t.Run(c.method+" "+c.part, func(t *testing.T) {
			t.Parallel() // back-off takes its time
			ctx := t.Context()
			if c.part != "/plan.json" {
				ctx = impatient(ctx)
			}
			front, uri := storagetest.Behind(t, storagetest.S3(t))
			folder, query, _ := strings.Cut(uri, "?")
			l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
			var alive atomic.Bool
			front.Always(c.method, c.part, storagetest.While(func() bool { return !alive.Load() }, storagetest.Reset))
			if _, _, err := l.run(ctx, l.options, nil); !errors.Is(err, storage.ErrTransient) || errors.Is(err, jobs.ErrConfig) {
				t.Errorf("error %v", err)
			}
			alive.Store(true)
			l.mustRun(t, l.options)
			l.read(t, "r1")
		})
	}
}
