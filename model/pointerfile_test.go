package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// folderOf splits a folder's URI as storagetest gives it, so that name can be
// put before the options.
func folderOf(uri string) func(name string) string {
	folder, query, found := strings.Cut(uri, "?")
	return func(name string) string {
		if found {
			name += "?" + query
		}
		return folder + "/" + name
	}
}

// everyStore runs a test in a folder on files, in memory and on S3.
func everyStore(t *testing.T, test func(t *testing.T, in func(name string) string)) {
	t.Run("files", func(t *testing.T) { test(t, folderOf(t.TempDir()+"/models")) })
	t.Run("file URI", func(t *testing.T) { test(t, folderOf("file://"+t.TempDir()+"/with%20space")) })
	t.Run("memory", func(t *testing.T) { test(t, folderOf(fmt.Sprintf("mem://pointer-%d/models", rand.Int64()))) })
	t.Run("s3", func(t *testing.T) { test(t, folderOf(storagetest.S3(t))) })
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// point makes a pointer to a bundle that lies beside it.
func point(t *testing.T, uri string, b *Bundle) {
	t.Helper()
	p := samplePointer()
	p.Pointed = Point(b.ID())
	_, err := WritePointer(t.Context(), uri, p)
	ok(t, err)
}

func TestOpenBundleFollowsAPointer(t *testing.T) {
	everyStore(t, func(t *testing.T, in func(string) string) {
		first, second := tinyBundle(t, wheel(5)), tinyBundle(t, wheel(6))
		for _, b := range []*Bundle{first, second, first} {
			stored, err := WriteBeside(t.Context(), in("current"), b)
			ok(t, err)
			point(t, in("current"), b)
			got, err := OpenBundle(t.Context(), in("current"))
			ok(t, err)
			if got.ID() != b.ID() || got.Pointer == nil || got.Pointer.ID != b.ID() || got.Inspect().Pointer != got.Pointer {
				t.Errorf("%s with pointer %v, want %s", got.ID(), got.Pointer, b.ID())
			}
			if want := storage.Redact(in(Point(b.ID()).Bundle)); got.Location() != want || stored.Location() != want {
				t.Errorf("at %s and %s, want %s", got.Location(), stored.Location(), want)
			}
			ok(t, got.Verify(t.Context()))
			// Named itself, the folder holds the same, and no pointer.
			direct, err := OpenBundle(t.Context(), in(Point(b.ID()).Bundle))
			ok(t, err)
			if direct.ID() != b.ID() || direct.Pointer != nil {
				t.Errorf("the folder holds %s, pointer %v", direct.ID(), direct.Pointer)
			}
		}
	})
}

func TestWithoutAPointerTheDescriptionIsMissed(t *testing.T) {
	everyStore(t, func(t *testing.T, in func(string) string) {
		_, err := OpenBundle(t.Context(), in("nowhere"))
		if !errors.Is(err, storage.ErrNotExist) || !strings.Contains(err.Error(), "nowhere/model.json: does not exist") {
			t.Errorf("got %v", err)
		}
		_, err = ReadPointer(t.Context(), in("nowhere"))
		if !errors.Is(err, storage.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	for _, uri := range []string{t.TempDir(), t.TempDir() + "/", ".", "mem://nothing", "mem://nothing/"} {
		_, err := OpenBundle(t.Context(), uri)
		if !errors.Is(err, storage.ErrNotExist) || !strings.Contains(err.Error(), "model.json: does not exist") {
			t.Errorf("%s: got %v", uri, err)
		}
	}
}

func TestPointersThatLeadAstrayAreRefused(t *testing.T) {
	everyStore(t, func(t *testing.T, in func(string) string) {
		b := tinyBundle(t, wheel(5))
		_, err := WriteBundle(t.Context(), in("other"), b, WriteOptions{})
		ok(t, err)
		for name, c := range map[string]struct {
			to   Pointed
			want string
			kind error
		}{
			"missing":  {Point(someID), "pointer " + storage.Redact(in("missing")) + ": open bundle: ", storage.ErrNotExist},
			"foreign":  {Pointed{"other", someID}, "it names bundle " + someID, ErrCorrupt},
			"pointers": {Pointed{"missing", someID}, "model.json: does not exist", storage.ErrNotExist}, // to a pointer
		} {
			p := samplePointer()
			p.Pointed = c.to
			_, err := WritePointer(t.Context(), in(name), p)
			ok(t, err)
			if _, err := OpenBundle(t.Context(), in(name)); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		// Another object, as if it were a bundle.
		if _, err := OpenBundle(t.Context(), in("other/embed.onnx")); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "neither a bundle's folder nor a pointer") {
			t.Errorf("got %v", err)
		}
	})
}

func TestABundleIsNotWrittenOverAPointer(t *testing.T) {
	everyStore(t, func(t *testing.T, in func(string) string) {
		b := tinyBundle(t, wheel(5))
		_, err := WriteBeside(t.Context(), in("current"), b)
		ok(t, err)
		point(t, in("current"), b)
		for _, force := range []bool{false, true} {
			if _, err := WriteBundle(t.Context(), in("current"), b, WriteOptions{Force: force}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "is a pointer to bundle sha256-") {
				t.Errorf("force %v: got %v", force, err)
			}
		}
		if got, err := OpenBundle(t.Context(), in("current")); err != nil || got.Pointer == nil {
			t.Errorf("the pointer is gone: %v", err)
		}
	})
}

func TestWriteBesideKeepsWhatIsWhole(t *testing.T) {
	dir := t.TempDir()
	current, b := filepath.Join(dir, "current"), tinyBundle(t, wheel(5))
	_, err := WriteBeside(t.Context(), current, b)
	ok(t, err)
	copied := filepath.Join(dir, Point(b.ID()).Bundle)
	description := filepath.Join(copied, descriptionName)
	before, err := os.Stat(description)
	ok(t, err)
	same := func() bool {
		_, err := WriteBeside(t.Context(), current, b)
		ok(t, err)
		after, err := os.Stat(description)
		ok(t, err)
		return os.SameFile(before, after)
	}
	if !same() {
		t.Error("a whole bundle was written again")
	}
	ok(t, os.Truncate(filepath.Join(copied, embedName), 3))
	if same() {
		t.Error("a damaged bundle was kept")
	}
	if got, err := OpenBundle(t.Context(), copied); err != nil || got.Verify(t.Context()) != nil {
		t.Errorf("it is still damaged: %v", err)
	}
	// A bundle whose id begins alike is no reason to lose one.
	other := tinyBundle(t, wheel(6))
	ok(t, os.RemoveAll(copied))
	_, err = WriteBundle(t.Context(), copied, other, WriteOptions{})
	ok(t, err)
	if _, err := WriteBeside(t.Context(), current, b); !errors.Is(err, storage.ErrExist) {
		t.Errorf("got %v", err)
	}
	if names := namesIn(t, dir); !slices.Equal(names, []string{Point(b.ID()).Bundle}) {
		t.Errorf("the folder holds %v", names)
	}
}

// faulty is a store with faults that holds a bundle and a pointer to it.
func faulty(t *testing.T) (front *storagetest.Front, current string) {
	t.Helper()
	front = storagetest.NewFront(storagetest.NewS3(t))
	current = folderOf(storagetest.Serve(t, front))("current")
	b := tinyBundle(t, wheel(5))
	_, err := WriteBeside(t.Context(), current, b)
	ok(t, err)
	point(t, current, b)
	return front, current
}

func TestAStoreThatHidesWhatIsMissingIsFollowed(t *testing.T) {
	front, current := faulty(t)
	front.Always("GET", "current/model.json", storagetest.Status(403, "AccessDenied"))
	if b, err := OpenBundle(t.Context(), current); err != nil || b.Pointer == nil {
		t.Errorf("got %v", err)
	}
	front.Always("GET", "lake/current", storagetest.Status(403, "AccessDenied"))
	if _, err := OpenBundle(t.Context(), current); !errors.Is(err, storage.ErrPermission) || !strings.Contains(err.Error(), "current/model.json") {
		t.Errorf("got %v", err)
	}
}

func TestAStoreThatDoesNotAnswerIsNoMissingBundle(t *testing.T) {
	front, current := faulty(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	front.Once("GET", "lake/current", storagetest.Status(404, "NoSuchKey"), storagetest.Status(503, "SlowDown"))
	if b, err := OpenBundle(ctx, current); err != nil || b.Pointer == nil {
		t.Errorf("once: got %v", err)
	}
	stop := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cancel()
		storagetest.Reset(w, r, next)
	}
	front.Once("GET", "lake/current", storagetest.Status(404, "NoSuchKey"), stop)
	if _, err := OpenBundle(ctx, current); err == nil || errors.Is(err, storage.ErrNotExist) {
		t.Errorf("for good: got %v", err)
	}
}

func TestReadingBackDecidesWhatAPointerIs(t *testing.T) {
	front, current := faulty(t)
	p := samplePointer()
	front.Once("PUT", "current", storagetest.DropReply, storagetest.Status(403, "AccessDenied"))
	stored, err := WritePointer(t.Context(), current, p)
	if diff := cmp.Diff(p, stored); diff != "" || err != nil {
		t.Errorf("a write whose answer was lost: %v %s", err, diff)
	}
	// A write that was refused leaves what is there.
	p.Pointed = Point("sha256:" + strings.Repeat("a", 64))
	front.Once("PUT", "current", storagetest.Status(403, "AccessDenied"))
	if _, err := WritePointer(t.Context(), current, p); !errors.Is(err, storage.ErrPermission) {
		t.Errorf("refused: %v", err)
	}
	// Somebody who writes right afterwards wins, and is told.
	front.Once("PUT", "current", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		front.Once("GET", "current", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			theirs := samplePointer()
			_, err := WritePointer(context.WithoutCancel(r.Context()), current, theirs)
			if err != nil {
				t.Error(err)
			}
			next.ServeHTTP(w, r)
		})
	})
	if stored, err := WritePointer(t.Context(), current, p); err != nil || stored.ID != someID {
		t.Errorf("got %+v, %v", stored, err)
	}
}
