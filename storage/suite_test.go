package storage_test

import (
	"errors"
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// quick is a policy that does not make tests wait.
var quick = storage.Policy{Attempts: 4, BaseDelay: time.Millisecond, MaxDelay: 4 * time.Millisecond, AttemptTimeout: 30 * time.Second}

// stores are the stores that keep every promise of the package. Each call
// gives an empty folder.
var stores = map[string]func(t *testing.T) string{
	"file": func(t *testing.T) string { return filepath.Join(t.TempDir(), "not yet there") },
	"memory": func(t *testing.T) string {
		return "mem://" + strings.ReplaceAll(t.Name(), "/", "-") + fmt.Sprint(rand.Int63())
	},
	"s3":        func(t *testing.T) string { return storagetest.S3(t) },
	"s3 prefix": func(t *testing.T) string { return below(storagetest.S3(t), "a b/p+q%20/") },
	"versity":   func(t *testing.T) string { return storagetest.VersityS3(t) },
	"gs":        func(t *testing.T) string { return storagetest.GCS(t) },
	"gs prefix": func(t *testing.T) string { return below(storagetest.GCS(t), "a b/p+q%20/") },
	"az":        func(t *testing.T) string { return storagetest.Azure(t) },
	"az prefix": func(t *testing.T) string { return below(storagetest.Azure(t), "a b/p+q%20/") },
}

// below is the URI of a folder within that of uri.
func below(uri, path string) string { return strings.Replace(uri, "?", "/"+path+"?", 1) }

// everyStore runs a test on each store, on all of them side by side.
func everyStore(t *testing.T, test func(t *testing.T, b *storage.Bucket)) {
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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

// noise is what payloads are cut from.
var noise = sync.OnceValue(func() []byte {
	data := make([]byte, 32<<20)
	rand.New(rand.NewSource(1)).Read(data)
	return data
})

// payload is n bytes that differ between any two sizes.
func payload(n int) []byte {
	return noise()[n%1021:][:n]
}

// parts is a size that is uploaded in parts.
const parts = 17 << 20
