package storage_test

import (
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// vendor is a store behind HTTP: how to get an empty bucket, and what its
// requests look like to a front.
type vendor struct {
	name   string
	folder func(t testing.TB) string
	// Each is a method and what is in the target for a key.
	read, stat, write, publish request
}

type request struct{ method, before, after string }

func (r request) target(key string) string { return r.before + key + r.after }

var vendors = []vendor{
	{"s3", storagetest.S3, request{"GET", "/", "?"}, request{"HEAD", "/", "?"}, request{"PUT", "/", "?"}, request{"PUT", "/", "?"}},
	{"versity", storagetest.VersityS3, request{"GET", "/", "?"}, request{"HEAD", "/", "?"}, request{"PUT", "/", "?"}, request{"PUT", "/", "?"}},
	{"gs", storagetest.GCS, request{"GET", "/o/", "?alt=media"}, request{"GET", "/o/", "?alt=json"}, request{"POST", "name=", ""},
		request{"POST", "/rewriteTo/", ""}},
	{"az", storagetest.Azure, request{"GET", "/", "?"}, request{"HEAD", "/", "?"}, request{"PUT", "/", "?"}, request{"PUT", "/", "?"}},
}

// everyVendor runs a test on each store, on all side by side, behind a front, with data in it as "x".
// The bucket has no connection yet: one that was used before is replaced by
// net/http without asking anybody when it is found dead.
func everyVendor(t *testing.T, data []byte, test func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket)) {
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			f, folder := storagetest.Behind(t, v.folder(t))
			put(t, open(t, folder), "x", data)
			test(t, v, f, open(t, folder))
		})
	}
}

// once queues faults for the next such requests, always for all of them.
func (r request) once(f *storagetest.Front, key string, faults ...storagetest.Fault) {
	f.Once(r.method, r.target(key), faults...)
}

func (r request) always(f *storagetest.Front, key string, fault storagetest.Fault) {
	f.Always(r.method, r.target(key), fault)
}

// count is how many there were.
func (r request) count(f *storagetest.Front, key string) int {
	return f.Requests(r.method, r.target(key))
}
