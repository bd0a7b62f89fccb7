package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
)

// names are keys that some layer below is tempted to escape.
var names = []string{
	"a b", "a+b", "a%20b", "a%2Fb", "100%", "ä/é", "e\u0301", "日本/語", "a?b", "a#b", "q?x=1&y=2",
	"line\nbreak", "tab\tx", "a<b>", "a:b", `back\slash`, "quote\"'", "__0x41__", "a&b;c", "~x", ".hidden", "a..b", "x.attrs",
	"[1]*", "$HOME", "a=b", "a@b", "😀",
}

// onFiles tells whether a name is either an object or a folder of the store.
func onFiles(t *testing.T, b *storage.Bucket) bool {
	return strings.HasPrefix(b.URI(), "/") || strings.HasSuffix(t.Name(), "/versity")
}

// namesFor are the names that a store can keep.
func namesFor(b *storage.Bucket) []string {
	if !strings.HasPrefix(b.URI(), "azblob:") {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.Contains(name, `\`) })
}

func TestNamesAreRaw(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		names := namesFor(b)
		for _, name := range names {
			key := "dir/" + name
			put(t, b, key, []byte(name))
			if got := get(t, b, key); got != name {
				t.Errorf("%q holds %q", key, got)
			}
			if _, err := b.Stat(t.Context(), key); err != nil {
				t.Error(err)
			}
			if err := b.Publish(t.Context(), "copy/"+name, key); err != nil {
				t.Errorf("publish %q: %v", key, err)
			} else if got := get(t, b, "copy/"+name); got != name {
				t.Errorf("the copy of %q holds %q", key, got)
			}
			stored, err := b.CreateOnce(t.Context(), "once/"+name, []byte(name))
			if err != nil || string(stored) != name {
				t.Errorf("create %q: %q, %v", name, stored, err)
			}
		}
		sorted := slices.Sorted(slices.Values(names))
		for _, folder := range []string{"copy/", "dir/", "once/"} {
			wanted := []string{}
			for _, name := range sorted {
				wanted = append(wanted, folder+name)
			}
			if diff := cmp.Diff(wanted, keys(t, b, folder)); diff != "" {
				t.Error(diff)
			}
		}
		for _, name := range names {
			if err := b.Delete(t.Context(), "dir/"+name); err != nil {
				t.Error(err)
			}
		}
		if found := keys(t, b, "dir/"); len(found) != 0 {
			t.Errorf("left after deletion: %q", found)
		}
	})
}

func TestListIsSortedAndFiltered(t *testing.T) {
	all := []string{"a-b", "a.b", "a/b", "a/b.c", "a/b/c", "a0", "ab/x", "b"}
	cases := map[string][]string{
		"":     all,
		"a":    all[:7],
		"a/":   all[2:5],
		"a/b":  all[2:5],
		"a/b/": all[4:5],
		"ab":   all[6:7],
		"b":    all[7:],
		"zz":   {},
	}
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		isFile := onFiles(t, b)
		for _, key := range all {
			if isFile && key == "a/b" {
				continue // a name is a file or a folder there
			}
			put(t, b, key, []byte(key))
		}
		for prefix, wanted := range cases {
			if isFile {
				wanted = slices.DeleteFunc(slices.Clone(wanted), func(key string) bool { return key == "a/b" })
			}
			if diff := cmp.Diff(wanted, keys(t, b, prefix)); diff != "" {
				t.Errorf("prefix %q: %s", prefix, diff)
			}
		}
		for object, err := range b.List(t.Context(), "a") {
			if err != nil || object.Size != int64(len(object.Key)) || object.Version == "" {
				t.Errorf("%+v, %v", object, err)
			}
			stat, err := b.Stat(t.Context(), object.Key)
			if err != nil || stat.Version != object.Version {
				t.Errorf("%s: version %s listed, %s by stat, %v", object.Key, object.Version, stat.Version, err)
			}
			break // ends early
		}
	})
}

func TestListHasPages(t *testing.T) {
	defer storage.PageObjects(7)()
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		const n = 22
		for i := range n {
			if _, err := b.CreateOnce(t.Context(), fmt.Sprintf("p/%05d", i), []byte{1}); err != nil {
				t.Fatal(err)
			}
		}
		found := keys(t, b, "p/")
		if len(found) != n || !slices.IsSorted(found) {
			t.Errorf("%d keys listed", len(found))
		}
	})
}
