package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// mostSkew is how far a store's clock may be from this machine's; S3 refuses
// requests beyond 15 minutes.
const mostSkew = 5 * time.Minute

// write tells whether a folder takes what a run does there: create-once records,
// files, copies of them, and their deletion. It leaves nothing behind.
func write(ctx context.Context, uri string) Finding {
	name := "write " + storage.Redact(uri)
	b, err := storage.OpenWith(ctx, uri, storage.Options{Retry: quick})
	if err != nil {
		return placeFailed(name, err)
	}
	defer b.Close()
	defer removeFolders(missingFolders(uri))
	start := time.Now()
	if err := b.ProbeCreateOnce(ctx, ""); err != nil {
		return placeFailed(name, err)
	}
	skew, err := publish(ctx, b)
	if err != nil {
		return placeFailed(name, err)
	}
	f := Finding{Check: name, Status: OK, Seconds: time.Since(start).Seconds(), Detail: "records are created once; files can be written, published and deleted"}
	if skew.Abs() > mostSkew {
		f.Status, f.Detail = Warn, f.Detail+fmt.Sprintf("; the store's clock is %v from this machine's", skew.Round(time.Second))
		f.Hint = "set this machine's clock, by NTP for instance: stores refuse requests of another time"
	}
	return f
}

// publish writes a file, gives it a second name as a commit does, and deletes
// both. It returns how far the store's clock is ahead.
func publish(ctx context.Context, b *storage.Bucket) (skew time.Duration, err error) {
	source := ".sdl-doctor-" + rand.Text()
	copied := source + "-copy"
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, b.Delete(late, copied), b.Delete(late, source))
	}()
	if err := b.WriteObject(ctx, source, func(w io.Writer) error {
		_, err := io.WriteString(w, "sdl-batch doctor")
		return err
	}); err != nil {
		return 0, err
	}
	attrs, err := b.Stat(ctx, source)
	if err != nil {
		return 0, err
	}
	return time.Until(attrs.ModTime), b.Publish(ctx, copied, source)
}

// missingFolders are the local folders that writing to uri will make, the
// deepest first.
func missingFolders(uri string) (missing []string) {
	path, err := storage.Absolute(uri)
	if err != nil || !storage.IsLocal(uri) {
		return nil
	}
	for ; ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			return missing
		}
		missing = append(missing, path)
	}
}

// removeFolders removes what is empty.
func removeFolders(folders []string) {
	for _, f := range folders {
		os.Remove(f)
	}
}
