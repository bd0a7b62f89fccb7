package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestSplitPrefix(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ uri, root, base, prefix string }{
		{"s3://lake", "s3://lake", "s3://lake/", ""},
		{"s3://lake/", "s3://lake", "s3://lake/", ""},
		{"s3://lake/a/b*?region=r", "s3://lake?region=r", "s3://lake/", "a/b*"},
		{"S3://lake?region=r", "s3://lake?region=r", "s3://lake/", ""},
		{"s3://lake/a b%20/c?/", "s3://lake", "s3://lake/", "a b%20/c?/"},
		{"mem://m/p//q", "mem://m", "mem://m/", "p//q"},
		{"az://c/p*?endpoint=http://h/x", "azblob://c?endpoint=http://h/x", "az://c/", "p*"},
		{"abfss://c@a.dfs.core.windows.net/p/*", "azblob://c?storage_account=a", "abfss://c@a.dfs.core.windows.net/", "p/*"},
		{"photos/", "/", "/", here[1:] + "/photos/"},
		{"./a/../photos/*.jpg", "/", "/", here[1:] + "/photos/*.jpg"},
		{"/data", "/", "/", "data"},
		{"/", "/", "/", ""},
		{"file:///a%20b/c", "/", "/", "a b/c"},
	}
	for _, c := range cases {
		root, base, prefix, err := storage.SplitPrefix(c.uri)
		if err != nil || root != c.root || base != c.base || prefix != c.prefix {
			t.Errorf("%s: %q, %q, %q, %v; want %q, %q, %q", c.uri, root, base, prefix, err, c.root, c.base, c.prefix)
		}
	}
	for _, uri := range []string{"", "ftp://h/x", "s3://", "a\x00b"} {
		if _, _, _, err := storage.SplitPrefix(uri); !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// TestListedURIsCanBeRead lists by the parts and reads by the URIs they make.
func TestListedURIsCanBeRead(t *testing.T) {
	names := []string{"a b.jpg", "100%.jpg", "x%20y.jpg", "what?.jpg", "a=b&c?d=e.jpg", "n#1.jpg", "two\nlines.jpg", "größe.jpg"}
	local := t.TempDir()
	for _, folder := range []string{local, "mem://prefix/photos"} {
		bucket, err := storage.Open(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			put(t, bucket, "deep/"+name, []byte(name))
		}
		root, base, prefix, err := storage.SplitPrefix(folder + "/")
		if err != nil {
			t.Fatal(err)
		}
		whole, err := storage.Open(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		objects := storage.NewObjects(storage.ObjectsOptions{AllowLocal: true})
		found := 0
		for object, err := range whole.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			found++
			body, _, err := objects.Read(t.Context(), base+object.Key, nil, -1)
			if err != nil || string(body) != filepath.Base(object.Key) {
				t.Errorf("%q: %q, %v", base+object.Key, body, err)
			}
		}
		if found != len(names) {
			t.Errorf("%s: %d objects", folder, found)
		}
		objects.Close()
	}
}
