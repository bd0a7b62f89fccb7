package storage

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// windowBytes is what a ReaderAt keeps in memory to serve small reads.
const windowBytes = 1 << 20

// ReaderAt reads any part of one version of an object; a read that meets
// another version is ErrChanged. ReadAt may be called concurrently, Read and
// Seek belong to one goroutine. It implements io.ReaderAt, io.Reader,
// io.Seeker and io.Closer.
type ReaderAt struct {
	ctx    context.Context
	bucket *Bucket
	key    string
	attrs  Attrs
	cursor *io.SectionReader

	mu       sync.Mutex
	window   []byte
	windowAt int64
}

// OpenAt opens an object for reads at any place; ctx bounds all of them.
func (b *Bucket) OpenAt(ctx context.Context, key string) (*ReaderAt, error) {
	attrs, err := b.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	r := &ReaderAt{ctx: ctx, bucket: b, key: key, attrs: attrs}
	r.cursor = io.NewSectionReader(r, 0, attrs.Size)
	return r, nil
}

// Size is the object's length in bytes.
func (r *ReaderAt) Size() int64 { return r.attrs.Size }

// Attrs describes the version that is read.
func (r *ReaderAt) Attrs() Attrs { return r.attrs }

// Read implements io.Reader.
func (r *ReaderAt) Read(p []byte) (int, error) { return r.cursor.Read(p) }

// Seek implements io.Seeker.
func (r *ReaderAt) Seek(offset int64, whence int) (int64, error) {
	return r.cursor.Seek(offset, whence)
}

// Close releases the memory; no connection is held between reads.
func (r *ReaderAt) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.window = nil
	return nil
}

// ReadAt implements io.ReaderAt.
func (r *ReaderAt) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, wrapOp("read", r.bucket.name(r.key), invalid("offset %d", offset))
	}
	if offset >= r.attrs.Size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), r.attrs.Size-offset)]
	if err := r.fill(want, offset); err != nil {
		return 0, err
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// fill reads exactly len(p) bytes, through the window where they are few.
func (r *ReaderAt) fill(p []byte, offset int64) error {
	if len(p) > windowBytes/2 {
		return r.fetch(p, offset)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.moveWindow(offset, int64(len(p))); err != nil {
		return err
	}
	copy(p, r.window[offset-r.windowAt:])
	return nil
}

// moveWindow makes the window cover n bytes at offset. Near the end of the
// object it takes the whole end, where Parquet keeps its footer.
func (r *ReaderAt) moveWindow(offset, n int64) error {
	if offset >= r.windowAt && offset+n <= r.windowAt+int64(len(r.window)) {
		return nil
	}
	start := max(0, min(offset, r.attrs.Size-windowBytes))
	window := make([]byte, min(windowBytes, r.attrs.Size-start))
	if err := r.fetch(window, start); err != nil {
		return err
	}
	r.window, r.windowAt = window, start
	return nil
}

// fetch reads len(p) bytes at offset from the store.
func (r *ReaderAt) fetch(p []byte, offset int64) error {
	if len(p) == 0 {
		return nil
	}
	_, err := r.bucket.do(r.ctx, "read", r.key, func(ctx context.Context, full string) error {
		body, attrs, err := r.bucket.store.open(ctx, full, offset, int64(len(p)))
		if err != nil {
			return err
		}
		defer body.Close()
		if attrs.Version != r.attrs.Version {
			return fmt.Errorf("%w: version %s became %s", ErrChanged, r.attrs.Version, attrs.Version)
		}
		n, err := io.ReadFull(body, p)
		if err != nil {
			return bodyError(err, int64(n), int64(len(p)))
		}
		return nil
	})
	return err
}

var _ interface {
	io.ReaderAt
	io.ReadSeekCloser
} = (*ReaderAt)(nil)
