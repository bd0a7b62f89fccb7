package storage

import (
	"context"
	"io"
	"strings"

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
	listing
	keyspace
	bucket  *blob.Bucket // tries each request once
	uploads *blob.Bucket // repeats the requests of an upload by itself
	release func() error
}

// dialect is what one vendor does its own way beneath gocloud: keys as they
// are rather than escaped, versions, errors.
type dialect interface {
	pager
	stat(ctx context.Context, key string) (Attrs, error)
	remove(ctx context.Context, key string) error
	putOnce(ctx context.Context, key string, data []byte) error
	// beforeRead, beforeWrite and beforeCopy edit a request.
	beforeRead(key string) func(as func(any) bool) error
	beforeWrite(key string) func(as func(any) bool) error
	beforeCopy(dst, src string) func(as func(any) bool) error
	readAttrs(r *blob.Reader) Attrs
	// checkRead refuses a body that is not the store's, or does not begin at offset.
	checkRead(r *blob.Reader, offset int64) error
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

func (b *blobs) close() error { return b.release() }

func (b *blobs) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error) {
	r, err := b.bucket.NewRangeReader(oneRequest(ctx), key, offset, length, &blob.ReaderOptions{BeforeRead: b.beforeRead(key)})
	if err != nil {
		return nil, Attrs{}, b.kind(err)
	}
	if err := b.checkRead(r, offset); err != nil {
		r.Close()
		return nil, Attrs{}, err
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

// syncFolder: what a store has answered to is durable.
func (b *blobs) syncFolder(context.Context, string) error { return nil }

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
