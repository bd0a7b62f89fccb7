package storage

import (
	"context"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"
)

// memories holds the buckets of mem://name for the life of the process.
var memories = struct {
	sync.Mutex
	byName map[string]*blob.Bucket
}{byName: map[string]*blob.Bucket{}}

func openMemory(_ context.Context, a address, _ Policy) (store, error) {
	if a.query != "" {
		return nil, invalid("mem:// has no options")
	}
	memories.Lock()
	defer memories.Unlock()
	bucket := memories.byName[a.host]
	if bucket == nil {
		bucket = memblob.OpenBucket(&memblob.Options{NoMD5: true})
		memories.byName[a.host] = bucket
	}
	return &blobs{
		dialect:  memory{bucket},
		listing:  listing{memory{bucket}},
		keyspace: below(a.path),
		bucket:   bucket,
		uploads:  bucket,
		release:  func() error { return nil },
	}, nil
}

// memory is the dialect of gocloud's memblob.
type memory struct {
	bucket *blob.Bucket
}

func (m memory) stat(ctx context.Context, key string) (Attrs, error) {
	attrs, err := m.bucket.Attributes(ctx, key)
	if err != nil {
		return Attrs{}, m.kind(err)
	}
	return Attrs{Size: attrs.Size, Version: version(attrs.ModTime.UnixNano(), attrs.Size), ModTime: attrs.ModTime}, nil
}

func (m memory) remove(ctx context.Context, key string) error {
	err := m.bucket.Delete(ctx, key)
	if err == nil || gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return m.kind(err)
}

func (m memory) putOnce(ctx context.Context, key string, data []byte) error {
	err := m.bucket.WriteAll(ctx, key, data, &blob.WriterOptions{ContentType: contentType, IfNotExist: true})
	if err != nil {
		return m.kind(err)
	}
	return nil
}

func (m memory) page(ctx context.Context, prefix string, token []byte) ([]Object, []byte, error) {
	if token == nil {
		token = blob.FirstPageToken
	}
	found, next, err := m.bucket.ListPage(ctx, token, int(pageObjects), &blob.ListOptions{Prefix: prefix})
	if err != nil {
		return nil, nil, m.kind(err)
	}
	objects := make([]Object, len(found))
	for i, o := range found {
		objects[i] = Object{o.Key, Attrs{Size: o.Size, Version: version(o.ModTime.UnixNano(), o.Size), ModTime: o.ModTime}}
	}
	if len(next) == 0 {
		next = nil
	}
	return objects, next, nil
}

func (m memory) folderPage(ctx context.Context, prefix string, token []byte) ([]string, []byte, error) {
	if token == nil {
		token = blob.FirstPageToken
	}
	found, next, err := m.bucket.ListPage(ctx, token, int(pageObjects), &blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	if err != nil {
		return nil, nil, m.kind(err)
	}
	var names []string
	for _, o := range found {
		if o.IsDir {
			names = append(names, folderName(o.Key, prefix))
		}
	}
	if len(next) == 0 {
		next = nil
	}
	return names, next, nil
}

func (memory) beforeRead(string) func(func(any) bool) error         { return nil }
func (memory) beforeWrite(string) func(func(any) bool) error        { return nil }
func (memory) beforeCopy(string, string) func(func(any) bool) error { return nil }

func (memory) checkRead(*blob.Reader, int64) error { return nil }

func (memory) readAttrs(r *blob.Reader) Attrs {
	return Attrs{Size: r.Size(), Version: version(r.ModTime().UnixNano(), r.Size()), ModTime: r.ModTime()}
}

func (memory) same(string, string, Attrs, Attrs) bool { return false }

func (memory) kind(err error) error { return gocloudKind(err) }
