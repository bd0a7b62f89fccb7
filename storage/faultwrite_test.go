package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// sent are what goes wrong with a request that changes something.
func sent() map[string]storagetest.Fault {
	all := maps.Clone(foreign)
	delete(all, "cut short") // has no body in most answers
	all["one bit"] = storagetest.FlipSent
	all["no such upload"] = storagetest.Status(404, "NoSuchUpload")
	all["a conflict"] = storagetest.Status(409, "OperationAborted")
	return all
}

// Whatever happens to one request of an upload, of a part or of its end: either the
// object is there in full, or the upload fails as what may pass.
func TestEveryVendorsUploadIsWholeOrFails(t *testing.T) {
	for name, fault := range sent() {
		for _, c := range []struct{ size, passed int }{{1000, 0}, {twoParts, 0}, {twoParts, 1}, {twoParts, 2}} {
			t.Run(fmt.Sprintf("%s, %d bytes, request %d", name, c.size, c.passed), func(t *testing.T) {
				everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
					before := make([]storagetest.Fault, c.passed) // nil passes
					f.Once("POST", "y", append(before, fault)...)
					f.Once("PUT", "y", append(before, fault)...)
					wholeOrPassing(t, v, b, name, payload(c.size))
				})
			})
		}
	}
}

// twoParts is the size of an object that is uploaded in two parts.
const twoParts = 9 << 20

func wholeOrPassing(t *testing.T, v vendor, b *storage.Bucket, fault string, data []byte) {
	t.Helper()
	err := write(t, b, "y", data)
	switch {
	case err == nil:
		if got := get(t, b, "y"); got != string(data) && !blind(v, fault) {
			t.Errorf("%d bytes of %d are there, or others", len(got), len(data))
		}
	case !errors.Is(err, storage.ErrTransient) && !refusedOnce(v, fault):
		t.Error(err)
	}
}

// blind tells what stand-ins do not find and the stores that they stand for do:
// gofakes3 compares no digest, fake-gcs-server none of an upload in parts.
func blind(v vendor, fault string) bool {
	return fault == "one bit" && (v.name == "s3" || v.name == "gs")
}

// refusedOnce tells answers that are not the vendor's: Azurite has a code of its own
// for a digest that is wrong (see TestAzureRepeatsAGarbledBlock), and a status 404
// is a missing bucket's to Google and Azure.
func refusedOnce(v vendor, fault string) bool {
	return v.name == "az" && fault == "one bit" || fault == "no such upload" && (v.name == "az" || v.name == "gs")
}

func write(t *testing.T, b *storage.Bucket, key string, data []byte) error {
	t.Helper()
	w, err := b.NewWriter(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	_, writing := w.Write(data)
	return errors.Join(writing, w.Close())
}

// The end of an upload in parts is repeated because the answer was lost, and finds
// no upload any more: what is there decides.
func TestEveryVendorsLostEndOfAnUpload(t *testing.T) {
	ends := map[string]struct {
		method, part string
		before       int
	}{"s3": {"POST", "uploadId=", 0}, "versity": {"POST", "uploadId=", 0}, "az": {"PUT", "comp=blocklist", 0}, "gs": {"POST", "upload_id=", 2}}
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		end := ends[v.name]
		f.Once(end.method, end.part, append(make([]storagetest.Fault, end.before), storagetest.DropReply)...)
		data := payload(parts)
		if err := write(t, b, "y", data); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b, "y"); got != string(data) {
			t.Error("the object differs")
		}
	})
}

// An object of that name with other content does not pass for what was written.
func TestS3LostUploadBesideAnotherObject(t *testing.T) {
	f, b := front(t, payload(parts + 1)[:parts])
	f.Always("POST", "uploadId=", storagetest.Status(404, "NoSuchUpload"))
	want(t, write(t, b, "x", payload(parts)), storage.ErrTransient)
}

// A server that stores nothing and says that it did is found out.
func TestEveryVendorsWriteIsLookedAt(t *testing.T) {
	f := storagetest.NewFront(nil)
	f.Always("PUT", "/y", storagetest.Saying(200, "", ""))
	f.Always("HEAD", "/y", storagetest.Status(404, ""))
	want(t, write(t, open(t, storagetest.Serve(t, f)), "y", payload(1000)), storage.ErrTransient)
}

// A block that arrives as another one is sent again.
func TestAzureRepeatsAGarbledBlock(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.Azure(t))
	var digests []string
	var mu sync.Mutex
	f.Always("PUT", "comp=block", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		digests = append(digests, r.Header.Get("Content-Md5"))
		first := len(digests) == 1
		mu.Unlock()
		if first {
			storagetest.Status(400, "Md5Mismatch")(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
	b := open(t, folder)
	put(t, b, "y", payload(twoParts))
	if got := get(t, b, "y"); got != string(payload(twoParts)) {
		t.Error("the object differs")
	}
	if len(digests) != 4 || digests[0] == "" { // two blocks, one of them twice, and their list
		t.Errorf("digests %q", digests)
	}
}

// Google's store compares a whole upload with the checksum that comes with its end.
func TestGoogleSendsAChecksum(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.GCS(t))
	var last string
	f.Always("POST", "upload_id=", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		last = r.Header.Get("X-Goog-Hash")
		next.ServeHTTP(w, r)
	})
	put(t, open(t, folder), "y", payload(parts))
	if !strings.HasPrefix(last, "crc32c=") {
		t.Errorf("the last part came with %q", last)
	}
}

// A copy is made anew until it is there, and never is another one.
func TestEveryVendorsCopyThroughAnswers(t *testing.T) {
	data := payload(1000)
	for name, fault := range foreign {
		t.Run(name, func(t *testing.T) {
			everyVendor(t, data, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
				f.Once(v.publish.method, "dst", fault)
				if err := b.Publish(t.Context(), "dst", "x"); err != nil {
					t.Fatal(err)
				}
				if got := get(t, b, "dst"); got != string(data) {
					t.Error("the copy differs")
				}
			})
		})
	}
}

// Records are written once, whatever is answered.
func TestEveryVendorsRecordThroughAnswers(t *testing.T) {
	faults := sent()
	faults["another is being written"] = storagetest.Status(409, "ConditionalRequestConflict")
	delete(faults, "no such upload")
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
				if blind(v, name) || refusedOnce(v, name) {
					return
				}
				v.write.once(f, "receipt", fault)
				v.read.once(f, "receipt", storagetest.Status(503, "SlowDown"))
				stored, err := b.CreateOnce(t.Context(), "receipt", []byte("ours"))
				if err != nil || !bytes.Equal(stored, []byte("ours")) {
					t.Errorf("stored %q, %v", stored, err)
				}
			})
		})
	}
}
