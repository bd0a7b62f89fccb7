package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// quick is a policy that does not make tests wait.
var quick = storage.Policy{Attempts: 4, BaseDelay: time.Millisecond, MaxDelay: 4 * time.Millisecond, AttemptTimeout: 5 * time.Second}

// stores are the stores that keep every promise of the package. Each call
// gives an empty folder.
var stores = map[string]func(t *testing.T) string{
	"file": func(t *testing.T) string { return filepath.Join(t.TempDir(), "not yet there") },
	"memory": func(t *testing.T) string {
		return "mem://" + strings.ReplaceAll(t.Name(), "/", "-") + fmt.Sprint(rand.Int63())
	},
	"s3": func(t *testing.T) string { return storagetest.S3(t) },
	"s3 prefix": func(t *testing.T) string {
		return strings.Replace(storagetest.S3(t), "?", "/a b/p+q%20/?", 1)
	},
}

// everyStore runs a test on each store.
func everyStore(t *testing.T, test func(t *testing.T, b *storage.Bucket)) {
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			test(t, open(t, uri(t)))
		})
	}
}

func open(t *testing.T, uri string) *storage.Bucket {
	t.Helper()
	b, err := storage.OpenWith(t.Context(), uri, storage.Options{Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func put(t *testing.T, b *storage.Bucket, key string, data []byte) {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, b *storage.Bucket, key string) string {
	t.Helper()
	data, _, err := b.ReadAll(t.Context(), key, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func keys(t *testing.T, b *storage.Bucket, prefix string) []string {
	t.Helper()
	found := []string{}
	for object, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, object.Key)
	}
	return found
}

func want(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
	}
}

// payload is n bytes that do not repeat.
func payload(n int) []byte {
	data := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(data)
	return data
}

func TestWriteReadDelete(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 1, 100_000, 20 << 20} {
			data := payload(size)
			put(t, b, "d/e/x", data)
			stored, attrs, err := b.ReadAll(t.Context(), "d/e/x", int64(size))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(stored, data) {
				t.Fatalf("%d bytes came back as %d others", size, len(stored))
			}
			stat, err := b.Stat(t.Context(), "d/e/x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(attrs, stat); diff != "" {
				t.Errorf("read and stat differ: %s", diff)
			}
			if attrs.Size != int64(size) || attrs.Version == "" || attrs.Attempts != 1 || time.Since(attrs.ModTime).Abs() > time.Hour {
				t.Errorf("attributes %+v", attrs)
			}
		}
		for range 2 {
			if err := b.Delete(t.Context(), "d/e/x"); err != nil {
				t.Fatal(err)
			}
		}
		if found := keys(t, b, ""); len(found) != 0 {
			t.Errorf("after deletion: %q", found)
		}
	})
}

func TestMissing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "there", []byte("x"))
		_, err := b.Stat(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		_, _, err = b.ReadAll(t.Context(), "a/b", 10)
		want(t, err, storage.ErrNotExist)
		_, err = b.NewReader(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		_, err = b.NewRangeReader(t.Context(), "a/b", 3, 4)
		want(t, err, storage.ErrNotExist)
		_, err = b.OpenAt(t.Context(), "a/b")
		want(t, err, storage.ErrNotExist)
		want(t, b.Publish(t.Context(), "c", "a/b"), storage.ErrNotExist)
		_, _, err = b.ReadAll(t.Context(), "there/x", 10)
		want(t, err, storage.ErrNotExist)
		if found := keys(t, b, "a"); len(found) != 0 {
			t.Errorf("listed %q", found)
		}
	})
}

func TestMalformedKeys(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, key := range []string{"", "a\x00b"} {
			_, err := b.Stat(t.Context(), key)
			want(t, err, storage.ErrInvalid)
			_, err = b.NewWriter(t.Context(), key)
			want(t, err, storage.ErrInvalid)
			_, err = b.CreateOnce(t.Context(), key, nil)
			want(t, err, storage.ErrInvalid)
			want(t, b.Delete(t.Context(), key), storage.ErrInvalid)
		}
	})
}

func TestTooLarge(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", payload(1000))
		_, attrs, err := b.ReadAll(t.Context(), "x", 999)
		want(t, err, storage.ErrTooLarge)
		if attrs.Attempts != 1 || attrs.Size != 1000 {
			t.Errorf("attributes %+v", attrs)
		}
		if data, _, err := b.ReadAll(t.Context(), "x", -1); err != nil || len(data) != 1000 {
			t.Errorf("without a limit: %d bytes, %v", len(data), err)
		}
	})
}

func TestRanges(t *testing.T) {
	data := payload(5000)
	ranges := []struct{ offset, length, from, to int64 }{
		{0, -1, 0, 5000}, {0, 10, 0, 10}, {4990, 10, 4990, 5000}, {4990, 100, 4990, 5000},
		{2000, -1, 2000, 5000}, {100, 0, 100, 100}, {5000, -1, 5000, 5000}, {5000, 7, 5000, 5000},
	}
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", data)
		for _, r := range ranges {
			reader, err := b.NewRangeReader(t.Context(), "x", r.offset, r.length)
			if err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
			if err := iotest.TestReader(reader, data[r.from:r.to]); err != nil {
				t.Errorf("%+v: %v", r, err)
			}
			if reader.Attrs().Size != 5000 {
				t.Errorf("%+v: size %d", r, reader.Attrs().Size)
			}
			reader.Close()
		}
		for _, r := range [][2]int64{{5001, -1}, {9000, 5}, {-1, 5}, {0, -2}} {
			_, err := b.NewRangeReader(t.Context(), "x", r[0], r[1])
			want(t, err, storage.ErrInvalid)
		}
	})
}

func TestRangesOfNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "empty", nil)
		for _, length := range []int64{-1, 0, 10} {
			reader, err := b.NewRangeReader(t.Context(), "empty", 0, length)
			if err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(reader); err != nil || len(data) != 0 {
				t.Errorf("length %d: %q, %v", length, data, err)
			}
			reader.Close()
		}
	})
}

func TestReaderAt(t *testing.T) {
	data := payload(3<<20 + 17)
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", data)
		r, err := b.OpenAt(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Size() != int64(len(data)) {
			t.Fatalf("size %d", r.Size())
		}
		random := rand.New(rand.NewSource(1))
		for range 60 {
			offset := random.Int63n(int64(len(data)))
			p := make([]byte, random.Intn(1<<random.Intn(21)))
			n, err := r.ReadAt(p, offset)
			rest := data[offset:]
			if wanted := min(len(p), len(rest)); n != wanted || (n < len(p)) != (err == io.EOF) || err != nil && err != io.EOF {
				t.Fatalf("%d bytes at %d: %d, %v", len(p), offset, n, err)
			}
			if !bytes.Equal(p[:n], rest[:n]) {
				t.Fatalf("%d bytes at %d differ", n, offset)
			}
		}
		if err := iotest.TestReader(io.NewSectionReader(r, 1000, 3000), data[1000:4000]); err != nil {
			t.Error(err)
		}
		if _, err := r.Seek(-100, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if tail, err := io.ReadAll(r); err != nil || !bytes.Equal(tail, data[len(data)-100:]) {
			t.Errorf("tail of %d bytes, %v", len(tail), err)
		}
	})
}

func TestReaderAtPinsTheVersion(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", payload(1000))
		r, err := b.OpenAt(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		put(t, b, "x", payload(1001))
		_, err = r.ReadAt(make([]byte, 10), 0)
		want(t, err, storage.ErrChanged)
	})
}

// names are keys that some layer below is tempted to escape.
var names = []string{
	"a b", "a+b", "a%20b", "a%2Fb", "100%", "ä/é", "e\u0301", "日本/語", "a?b", "a#b", "q?x=1&y=2",
	"line\nbreak", "tab\tx", "a<b>", "a:b", `back\slash`, "quote\"'", "__0x41__", "a&b;c", "~x", ".hidden", "a..b", "x.attrs",
	"[1]*", "$HOME", "a=b", "a@b", "😀",
}

func TestNamesAreRaw(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
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
		isFile := strings.HasPrefix(b.URI(), "/")
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
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		const n = 2100
		for i := range n {
			if _, err := b.CreateOnce(t.Context(), fmt.Sprintf("p/%05d", i), []byte{1}); err != nil {
				t.Fatal(err)
			}
			if i == 20 && strings.HasPrefix(b.URI(), "/") {
				break // files have no pages, and fsync takes its time
			}
		}
		found := keys(t, b, "p/")
		if len(found) != n && len(found) != 21 || !slices.IsSorted(found) {
			t.Errorf("%d keys listed", len(found))
		}
	})
}

func TestAbortPublishesNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 10, 30 << 20} {
			w, err := b.NewWriter(t.Context(), "d/x")
			if err != nil {
				t.Fatal(err)
			}
			w.Write(payload(size))
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			want(t, w.Close(), storage.ErrInvalid)
			_, err = w.Write([]byte("x"))
			want(t, err, storage.ErrInvalid)
		}
		_, err := b.Stat(t.Context(), "d/x")
		want(t, err, storage.ErrNotExist)
	})
}

func TestCancelledWriterPublishesNothing(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		for _, size := range []int{0, 10, 30 << 20} {
			ctx, cancel := context.WithCancel(t.Context())
			w, err := b.NewWriter(ctx, "d/x")
			if err != nil {
				t.Fatal(err)
			}
			w.Write(payload(size))
			cancel()
			want(t, w.Close(), context.Canceled)
		}
		_, err := b.Stat(t.Context(), "d/x")
		want(t, err, storage.ErrNotExist)
	})
}

func TestUnfinishedWriteIsInvisible(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "d/x", []byte("old"))
		w, err := b.NewWriter(t.Context(), "d/x")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(payload(100))
		if got := get(t, b, "d/x"); got != "old" {
			t.Errorf("holds %q before Close", got)
		}
		if found := keys(t, b, ""); !slices.Equal(found, []string{"d/x"}) {
			t.Errorf("listed %q", found)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b, "d/x"); got != string(payload(100)) {
			t.Errorf("holds %d bytes after Close", len(got))
		}
	})
}

func TestPublish(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		data := payload(20 << 20) // more than one part
		put(t, b, "attempts/1/x", data)
		for range 2 {
			if err := b.Publish(t.Context(), "images/run=1/x", "attempts/1/x"); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(t, b, "images/run=1/x"); got != string(data) {
			t.Fatal("the copy differs")
		}
		put(t, b, "same", data)
		if err := b.Publish(t.Context(), "images/run=1/x", "same"); err != nil {
			t.Errorf("equal content: %v", err)
		}
		if err := b.Delete(t.Context(), "attempts/1/x"); err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), "images/run=1/x", "attempts/1/x"); err != nil {
			t.Errorf("source gone: %v", err)
		}
	})
}

func TestPublishKeepsOtherContent(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "dst", []byte("abc"))
		put(t, b, "longer", []byte("abcd"))
		put(t, b, "other", []byte("abd"))
		want(t, b.Publish(t.Context(), "dst", "longer"), storage.ErrExist)
		want(t, b.Publish(t.Context(), "dst", "other"), storage.ErrExist)
		if got := get(t, b, "dst"); got != "abc" {
			t.Errorf("dst holds %q", got)
		}
	})
}

func TestEndedContext(t *testing.T) {
	everyStore(t, func(t *testing.T, b *storage.Bucket) {
		put(t, b, "x", []byte("x"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := b.Stat(ctx, "x")
		want(t, err, context.Canceled)
		_, _, err = b.ReadAll(ctx, "x", 10)
		want(t, err, context.Canceled)
		_, err = b.CreateOnce(ctx, "y", nil)
		want(t, err, context.Canceled)
		want(t, b.Publish(ctx, "z", "x"), context.Canceled)
		for _, err := range b.List(ctx, "") {
			want(t, err, context.Canceled)
		}
		for _, key := range []string{"y", "z"} {
			_, err := b.Stat(t.Context(), key)
			want(t, err, storage.ErrNotExist)
		}
	})
}
