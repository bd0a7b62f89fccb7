package storage

import (
	"context"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

const (
	// partBytes is the size of one part of an upload; a store allows 10,000
	// parts, so that an object may reach 80 GiB.
	partBytes = 8 << 20
	// partsAtOnce bounds the memory of an upload to three parts.
	partsAtOnce = 2
	contentType = "application/octet-stream"
)

// blobs is a bucket behind gocloud.dev/blob.
type blobs struct {
	dialect
	bucket  *blob.Bucket // tries each request once
	uploads *blob.Bucket // repeats the requests of an upload by itself
	folder  string       // prefix of all keys, "" or ending with a slash
	release func() error
}

// dialect is what one vendor does its own way beneath gocloud: keys as they
// are rather than escaped, versions, errors.
type dialect interface {
	stat(ctx context.Context, key string) (Attrs, error)
	remove(ctx context.Context, key string) error
	putOnce(ctx context.Context, key string, data []byte) error
	// page lists objects by key; a token of nil asks for the first page and
	// one of nil comes back with the last.
	page(ctx context.Context, prefix string, token []byte) (objects []Object, next []byte, err error)
	// folders lists the names of the folders right below prefix, pages as page
	// does; a name may come twice.
	folders(ctx context.Context, prefix string, token []byte) (names []string, next []byte, err error)
	// beforeRead, beforeWrite and beforeCopy edit a request.
	beforeRead(key string) func(as func(any) bool) error
	beforeWrite(key string) func(as func(any) bool) error
	beforeCopy(dst, src string) func(as func(any) bool) error
	readAttrs(r *blob.Reader) Attrs
	same(dst, src string, found, source Attrs) bool
	// kind reduces a vendor's error to one of this package's.
	kind(err error) error
}

// folderPrefix is the prefix of the keys below the path of an address.
func folderPrefix(path string) string {
	if path == "" || strings.HasSuffix(path, "/") {
		return path
	}
	return path + "/"
}

func (b *blobs) full(key string) (string, error) {
	if !utf8.ValidString(key) {
		return "", invalid("the key is not valid UTF-8")
	}
	return b.folder + key, nil
}

func (b *blobs) prefix() string { return b.folder }

func (b *blobs) close() error { return b.release() }

func (b *blobs) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error) {
	r, err := b.bucket.NewRangeReader(ctx, key, offset, length, &blob.ReaderOptions{BeforeRead: b.beforeRead(key)})
	if err != nil {
		return nil, Attrs{}, b.kind(err)
	}
	return blobBody{r, b.dialect}, b.readAttrs(r), nil
}

// blobBody is the body of an object.
type blobBody struct {
	*blob.Reader
	dialect dialect
}

func (r blobBody) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = r.dialect.kind(err)
	}
	return n, err
}

func (b *blobs) create(ctx context.Context, key string) (upload, error) {
	ctx, cancel := context.WithCancel(ctx)
	w, err := b.uploads.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType:    contentType,
		BufferSize:     partBytes,
		MaxConcurrency: partsAtOnce,
		BeforeWrite:    b.beforeWrite(key),
	})
	if err != nil {
		cancel()
		return nil, b.kind(err)
	}
	return &blobUpload{Writer: w, cancel: cancel, dialect: b.dialect}, nil
}

// blobUpload is an object on its way to a bucket.
type blobUpload struct {
	*blob.Writer
	cancel  context.CancelFunc
	dialect dialect
}

func (u *blobUpload) Write(p []byte) (int, error) {
	n, err := u.Writer.Write(p)
	return n, u.kind(err)
}

func (u *blobUpload) commit() error {
	defer u.cancel()
	return u.kind(u.Writer.Close())
}

func (u *blobUpload) abort() error {
	u.cancel()
	u.Writer.Close() // reports that it was cancelled
	return nil
}

func (u *blobUpload) kind(err error) error {
	if err == nil {
		return nil
	}
	return u.dialect.kind(err)
}

func (b *blobs) link(ctx context.Context, dst, src string) error {
	err := b.bucket.Copy(ctx, dst, src, &blob.CopyOptions{BeforeCopy: b.beforeCopy(dst, src)})
	if err != nil {
		return b.kind(err)
	}
	return nil
}

func (b *blobs) list(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var token []byte
		for {
			objects, next, err := b.pageWith(ctx, attempt, prefix, token)
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, object := range objects {
				if !yield(object, nil) {
					return
				}
			}
			if token = next; token == nil {
				return
			}
		}
	}
}

func (b *blobs) pageWith(ctx context.Context, attempt attempt, prefix string, token []byte) (objects []Object, next []byte, err error) {
	err = attempt(ctx, func(ctx context.Context) (err error) {
		objects, next, err = b.page(ctx, prefix, token)
		return err
	})
	return objects, next, err
}

func (b *blobs) folders(ctx context.Context, prefix string, attempt attempt) ([]string, error) {
	var all []string
	var token []byte
	for {
		var names []string
		var next []byte
		err := attempt(ctx, func(ctx context.Context) (err error) {
			names, next, err = b.dialect.folders(ctx, prefix, token)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		if token = next; token == nil {
			slices.Sort(all)
			return slices.Compact(all), nil
		}
	}
}

// folderName is the last part of a key that ends with a slash, prefix cut off.
func folderName(key, prefix string) string {
	return strings.TrimSuffix(strings.TrimPrefix(key, prefix), "/")
}

// errBeyond is a range that begins at or behind the end of an object, from
// stores that refuse it.
var errBeyond = invalid("the range lies behind the end")

// gocloudKind reduces the codes of gocloud itself.
func gocloudKind(err error) error {
	if ended := contextError(err); ended != nil {
		return ended
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return ErrNotExist
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return ErrExist
	case gcerrors.PermissionDenied:
		return ErrPermission
	case gcerrors.InvalidArgument:
		return invalid("the store takes no such name")
	case gcerrors.Unimplemented:
		return ErrUnsupported
	}
	return ErrTransient
}
