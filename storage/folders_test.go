package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestFoldersAreThoseRightBelow(t *testing.T) {
	all := []string{"a/x", "a b/x", "a+b/c/x", "ä/x", "b/c/d/x", "b/e/x", "b/file", "b.c/x", "top"}
	cases := map[string][]string{
		"":      {"a", "a b", "a+b", "b", "b.c", "ä"},
		"a/":    {},
		"a+b/":  {"c"},
		"b/":    {"c", "e"},
		"b/c/":  {"d"},
		"none/": {},
	}
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, key := range all {
			put(t, b, key, []byte(key))
		}
		for prefix, wanted := range cases {
			found, err := b.Folders(t.Context(), prefix)
			if err != nil {
				t.Errorf("prefix %q: %v", prefix, err)
			}
			if diff := cmp.Diff(wanted, append([]string{}, found...)); diff != "" {
				t.Errorf("prefix %q: %s", prefix, diff)
			}
		}
		_, err := b.Folders(t.Context(), "b")
		want(t, err, storage.ErrInvalid)
	})
}

func TestFoldersHavePages(t *testing.T) {
	defer storage.PageObjects(7)()
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		const n = 16
		wanted := []string{}
		for i := range n {
			folder := fmt.Sprintf("%05d", i)
			wanted = append(wanted, folder)
			for _, name := range []string{"/x", "/y"} {
				if _, err := b.CreateOnce(t.Context(), "p/"+folder+name, []byte{1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		found, err := b.Folders(t.Context(), "p/")
		if err != nil || !slices.Equal(found, wanted) {
			t.Errorf("%d folders of %d, error %v", len(found), n, err)
		}
	})
}

// TestFoldersReadNothingBelow counts what a listing of three folders with many
// objects each asks the store.
func TestFoldersReadNothingBelow(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	b := open(t, storagetest.Serve(t, front))
	for i := range 300 {
		put(t, b, fmt.Sprintf("_runs/%d/attempts/%d", i%3, i), nil)
	}
	found, err := b.Folders(t.Context(), "_runs/")
	if err != nil || !slices.Equal(found, []string{"0", "1", "2"}) {
		t.Errorf("folders %q, error %v", found, err)
	}
	if n := front.Requests("GET", ""); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestFoldersAreRetried(t *testing.T) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	b := open(t, storagetest.Serve(t, front))
	put(t, b, "a/x", nil)
	front.Once("GET", "", storagetest.Status(503, "SlowDown"), storagetest.Reset)
	if found, err := b.Folders(t.Context(), ""); err != nil || !slices.Equal(found, []string{"a"}) {
		t.Errorf("folders %q, error %v", found, err)
	}
	front.Always("GET", "", storagetest.Status(503, "SlowDown"))
	_, err := b.Folders(t.Context(), "")
	want(t, err, storage.ErrTransient)
}

func TestAFolderThatIsALinkIsLeftOut(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if found, err := open(t, root).Folders(t.Context(), ""); err != nil || !slices.Equal(found, []string{"real"}) {
		t.Errorf("folders %q, error %v", found, err)
	}
	_, err := open(t, root).Folders(t.Context(), "../")
	want(t, err, storage.ErrInvalid)
}

func TestAbsoluteNames(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for uri, wanted := range map[string]string{
		"x.txt":                  filepath.Join(here, "x.txt"),
		"./a/../x":               filepath.Join(here, "x"),
		".":                      here,
		"/data/x":                "/data/x",
		"file:///data/my%20x":    "/data/my x",
		"FILE://localhost/data/": "/data",
		"s3://b/p/x?region=r":    "s3://b/p/x?region=r",
		"mem://name":             "mem://name",
	} {
		if got, err := storage.Absolute(uri); err != nil || got != wanted {
			t.Errorf("%s: %q, %v; want %q", uri, got, err, wanted)
		}
	}
	_, err = storage.Absolute("file://host/x")
	want(t, err, storage.ErrInvalid)
}
