package storage_test

import (
	"errors"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// The reply to a write that was stored is lost; its repetition sees "exists"
// and reading back finds our own bytes.
func TestEveryVendorsCreateOnceSurvivesALostReply(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		v.write.once(f, "receipt", storagetest.DropReply)
		for _, data := range []string{"ours", "theirs"} {
			stored, err := b.CreateOnce(t.Context(), "receipt", []byte(data))
			if err != nil || string(stored) != "ours" {
				t.Errorf("stored %q, %v", stored, err)
			}
		}
	})
}

func TestEveryVendorsCreateOnceThroughFaults(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		v.write.once(f, "receipt", storagetest.Status(503, "SlowDown"), storagetest.Reset)
		v.read.once(f, "receipt", storagetest.Status(500, "InternalError"))
		stored, err := b.CreateOnce(t.Context(), "receipt", []byte("ours"))
		if err != nil || string(stored) != "ours" {
			t.Errorf("stored %q, %v", stored, err)
		}
	})
}

func TestEveryVendorWithoutCreateOnceIsRefused(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		if v.name == "versity" || v.name == "az" {
			return // the condition is signed: nothing on the way can drop it
		}
		f.Always(v.write.method, "", storagetest.WithoutCondition)
		want(t, b.ProbeCreateOnce(t.Context(), "d/"), storage.ErrUnsupported)
		if found := keys(t, b, "d/"); len(found) != 0 {
			t.Errorf("the probe left %q", found)
		}
	})
}

// The requests of an upload are repeated one by one.
func TestEveryVendorWritesThroughFaults(t *testing.T) {
	for _, size := range []int{1000, parts} {
		everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
			f.Once("POST", "", storagetest.Status(503, "SlowDown"), storagetest.Reset)
			f.Once("PUT", "", storagetest.Status(500, "InternalError"), storagetest.Reset, storagetest.Status(503, "SlowDown"))
			data := payload(size)
			put(t, b, "y", data)
			if got := get(t, b, "y"); got != string(data) {
				t.Error("the object differs")
			}
		})
	}
}

// A write that fails for good, in its middle or at its end, leaves nothing, and
// what is there stays.
func TestEveryVendorsFailedWriteLeavesNothing(t *testing.T) {
	for name, fault := range map[string]storagetest.Fault{
		"reset": storagetest.Reset, "denied": storagetest.Status(403, "AccessDenied"), "down": storagetest.Status(503, "SlowDown"),
	} {
		t.Run(name, func(t *testing.T) {
			everyVendor(t, []byte("old"), func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
				f.Always("PUT", "", fault)
				f.Always("POST", "", fault)
				for _, size := range []int{0, 1000, parts} {
					w, err := b.NewWriter(t.Context(), "x")
					if err != nil {
						t.Fatal(err)
					}
					_, writing := w.Write(payload(size))
					kind := storage.ErrTransient
					if name == "denied" {
						kind = storage.ErrPermission
					}
					want(t, errors.Join(writing, w.Close()), kind)
				}
				if got := get(t, b, "x"); got != "old" {
					t.Errorf("%d bytes are there", len(got))
				}
			})
		})
	}
}

// The second half of an upload fails, after parts were stored.
func TestEveryVendorsHalfWriteLeavesNothing(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		w, err := b.NewWriter(t.Context(), "half")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(payload(parts)); err != nil {
			t.Fatal(err)
		}
		f.Always("PUT", "", storagetest.Reset)
		f.Always("POST", "", storagetest.Reset)
		_, writing := w.Write(payload(parts))
		want(t, errors.Join(writing, w.Close()), storage.ErrTransient)
		_, err = b.Stat(t.Context(), "half")
		want(t, err, storage.ErrNotExist)
		if found := keys(t, b, "h"); len(found) != 0 {
			t.Errorf("listed %q", found)
		}
	})
}

func TestEveryVendorPublishesThroughFaults(t *testing.T) {
	data := payload(1000)
	everyVendor(t, data, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		f.Once(v.publish.method, "dst", storagetest.DropReply, storagetest.Status(503, "SlowDown"))
		v.stat.once(f, "dst", storagetest.Status(503, ""))
		if err := b.Publish(t.Context(), "dst", "x"); err != nil {
			t.Fatal(err)
		}
		if got := get(t, b, "dst"); got != string(data) {
			t.Error("the copy differs")
		}
	})
}

// An upload is repeated as often as the policy says, and no more.
func TestEveryVendorsUploadGivesUp(t *testing.T) {
	everyVendor(t, nil, func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		v.write.always(f, "down", storagetest.Status(503, "SlowDown"))
		w, err := b.NewWriter(t.Context(), "down")
		if err != nil {
			t.Fatal(err)
		}
		_, writing := w.Write(payload(1000))
		want(t, errors.Join(writing, w.Close()), storage.ErrTransient)
		if n := v.write.count(f, "down"); n != quick.Attempts {
			t.Errorf("%d requests", n)
		}
	})
}
