package label_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// frontedLake is a lake behind a front; tables go to the same server.
func frontedLake(t *testing.T) (*storagetest.Front, *lake) {
	t.Helper()
	front, uri := storagetest.Behind(t, storagetest.S3(t))
	folder, query, _ := strings.Cut(uri, "?")
	l := newLake(t, folder+"/in?"+query, folder+"/out?"+query)
	l.options.Fetch.Patience = 300 * time.Millisecond
	return front, l
}

// TestImagesThatEndInMidRun: the store of the images stops giving them, for one
// reason or another, after some. The run ends, blames no image, and goes on when the
// store does.
func TestImagesThatEndInMidRun(t *testing.T) {
	wanted := func() tables {
		a := local(t)
		a.mustRun(t, a.options)
		return untried(a.read(t, "r1"))
	}()
	for name, c := range map[string]struct {
		fault  storagetest.Fault
		after  int64
		kind   error
		config bool
	}{
		"the store dies":               {storagetest.Reset, 7, storage.ErrTransient, false},
		"it dies before the last rows": {storagetest.Reset, 18, storage.ErrTransient, false},
		"it answers with pages":        {storagetest.Saying(200, "text/html", "<html>log in</html>"), 7, storage.ErrTransient, false},
		"a session runs out":           {storagetest.Status(400, "ExpiredToken"), 7, storage.ErrAmazonCredentials, true},
		"another region":               {storagetest.Status(301, "PermanentRedirect"), 7, storage.ErrSettings, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // back-off takes its time
			front, l := frontedLake(t)
			var reads atomic.Int64
			var alive atomic.Bool
			front.Always("GET", "/in/", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if image := !strings.HasSuffix(r.URL.Path, "/images.txt"); image && reads.Add(1) > c.after && !alive.Load() {
					c.fault(w, r, next)
					return
				}
				next.ServeHTTP(w, r)
			})
			l.options.Fetch.Workers = 2
			_, _, err := l.run(t.Context(), l.options, nil)
			if !errors.Is(err, c.kind) || errors.Is(err, storage.ErrTransient) == c.config || errors.Is(err, jobs.ErrConfig) {
				t.Errorf("error %v", err)
			}
			if found := published(t, l.out); len(found) > 0 {
				t.Errorf("published: %q", found)
			}
			alive.Store(true)
			l.mustRun(t, l.options)
			same(t, wanted, untried(l.read(t, "r1")))
		})
	}
}

// TestAnImageThatStaysAway is a reject that may be tried again, wherever it stands.
func TestAnImageThatStaysAway(t *testing.T) {
	for _, away := range []string{"scenes/00.png", "scenes/09.png", "scenes/16.png"} {
		t.Run(away, func(t *testing.T) {
			t.Parallel()
			front, l := frontedLake(t)
			l.bad[away] = "fetch/unavailable"
			front.Always("GET", "/in/"+away, storagetest.Status(500, "InternalError"))
			if away == "scenes/00.png" { // a store that never answered would end the run
				l.options.Fetch.Workers = 4
			}
			l.mustRun(t, l.options)
			for _, image := range l.read(t, "r1").images {
				if image.URI == away && !image.Retryable {
					t.Errorf("%+v", image)
				}
			}
		})
	}
}

// TestTheManifestMayNotChange between the planning and the reading of its rows.
func TestTheManifestMayNotChange(t *testing.T) {
	front, l := frontedLake(t)
	var reads atomic.Int64
	other := strings.ReplaceAll(strings.Join(l.names, "\n"), "scenes/16.png", "scenes/15.png") + "\n"
	front.Always("GET", "/in/images.txt", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if reads.Add(1) == 2 { // the first is the planning
			put(t, l.in, "images.txt", []byte(other))
		}
		next.ServeHTTP(w, r)
	})
	_, e, err := l.run(t.Context(), l.options, nil)
	if !errors.Is(err, storage.ErrChanged) || !errors.Is(err, jobs.ErrConfig) || len(of[label.ShardDone](e)) > 0 {
		t.Errorf("error %v", err)
	}
}
