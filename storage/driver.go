package storage

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// driver opens the bucket that an address names; it creates nothing. policy
// bounds what the driver repeats by itself, parts of an upload above all.
type driver func(ctx context.Context, a address, policy Policy) (store, error)

// drivers holds one driver per scheme; local files have their own way. It is
// filled late because it takes part in its own: Redact asks for the schemes, and
// drivers redact their errors.
var drivers map[string]driver

func init() {
	drivers = map[string]driver{
		"mem":    openMemory,
		"s3":     openS3,
		"gs":     openGS,
		"azblob": openAzure,
	}
}

// aliases are other spellings of a scheme.
var aliases = map[string]string{"az": "azblob", "abfss": "azblob", "abfs": "azblob"}

// schemeOf is a scheme as this package knows it.
func schemeOf(spelled string) string {
	scheme := strings.ToLower(spelled)
	if known, ok := aliases[scheme]; ok {
		return known
	}
	return scheme
}

// checkScheme tells whether a URI of this scheme can be opened.
func checkScheme(scheme string) error {
	if _, ok := drivers[scheme]; ok || scheme == "file" {
		return nil
	}
	if isWebScheme(scheme) {
		return fmt.Errorf("%s:// is %w here: only the images of a manifest may lie on the web; copy the file to a disk or a bucket", scheme, ErrUnsupported)
	}
	known := strings.Join(slices.Sorted(maps.Keys(drivers)), "://, ")
	return invalid("unknown scheme; use a plain path, file://, %s://", known)
}

// store is one bucket as a driver sees it. Keys are full object names. Each
// method tries once, returns errors of this package's kinds, and may be called
// concurrently.
type store interface {
	stat(ctx context.Context, key string) (Attrs, error)
	// open reads length bytes from offset, to the end where length is -1. The
	// attributes describe the whole object; a Size of -1 is unknown.
	open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error)
	// create starts an object that appears when the writer is committed; ctx
	// bounds the whole upload.
	create(ctx context.Context, key string) (upload, error)
	// putOnce stores data unless the key is taken: ErrExist. Any other error
	// leaves open whether it was stored.
	putOnce(ctx context.Context, key string, data []byte) error
	// link makes dst a second name or a copy of src. Where dst is there
	// already it may fail with ErrExist or replace it.
	link(ctx context.Context, dst, src string) error
	// same tells whether dst and src, of these attributes, are known to hold
	// the same bytes without reading them.
	same(dst, src string, found, source Attrs) bool
	// remove deletes an object; one that is missing is ErrNotExist or nil.
	remove(ctx context.Context, key string) error
	// list yields the objects whose key begins with prefix, sorted by key,
	// page by page; each page is one call of attempt.
	list(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Object, error]
	// folders returns the names of the folders right below prefix, which is
	// empty or ends with a slash, in any order.
	folders(ctx context.Context, prefix string, attempt attempt) ([]string, error)
	// syncFolder makes the names in a folder, and its own, durable, whoever gave
	// them; folder is "" or ends with a slash. Stores whose answers are durable
	// have nothing to do.
	syncFolder(ctx context.Context, folder string) error
	// full checks a key of the bucket's folder and returns its object name;
	// prefix is what comes in front of it, a slash included.
	full(key string) (string, error)
	prefix() string
	close() error
}

// upload is an object on its way. Exactly one of commit and abort is called
// last; both wait until nothing of the upload runs any more. abort never
// publishes: it cancels the transfer before it ends the stream, because a
// store that sees a stream end well publishes what it has.
type upload interface {
	io.Writer
	commit() error
	abort() error
}

// attempt runs one try of an operation as often as a Policy allows.
type attempt func(ctx context.Context, try func(context.Context) error) error

// Attrs describes an object.
type Attrs struct {
	// Size in bytes.
	Size int64
	// Version changes whenever the content does: the ETag or generation that
	// the store gave, "mtime_ns-size" for files and memory.
	Version string
	// ModTime is when the object was last written.
	ModTime time.Time
	// Attempts is how often the store was asked for this answer, 1 or more;
	// 0 in listings. It is also set where an error came back beside it. That
	// an idle connection was found dead and replaced does not count.
	Attempts int
}

// Object is an entry of a listing.
type Object struct {
	Key string // relative to the bucket's folder
	Attrs
}
