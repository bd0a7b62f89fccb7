package storage

import (
	"context"
	"strconv"
	"time"

	gcs "cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"google.golang.org/api/iterator"
)

// google is the dialect of Google Cloud Storage. gocloud escapes line ends and
// "../" in keys, on reading other people's objects, too; the keys of this
// package go out as they are. A version is an object's generation.
type google struct {
	bucket  *gcs.BucketHandle // tries each request once
	uploads *gcs.BucketHandle
	policy  Policy
	signed  bool // requests carry a token
}

func (g *google) stat(ctx context.Context, key string) (Attrs, error) {
	attrs, err := g.bucket.Object(key).Attrs(ctx)
	if err != nil {
		return Attrs{}, g.kind(err)
	}
	return googleAttrs(attrs), nil
}

// googleAttrs has the time of the last change in whole seconds, as bodies tell it.
func googleAttrs(attrs *gcs.ObjectAttrs) Attrs {
	return Attrs{Size: attrs.Size, Version: generation(attrs.Generation), ModTime: attrs.Updated.UTC().Truncate(time.Second)}
}

func generation(n int64) string { return strconv.FormatInt(n, 10) }

func (g *google) remove(ctx context.Context, key string) error {
	if err := g.bucket.Object(key).Delete(ctx); err != nil {
		return g.kind(err)
	}
	return nil
}

// putOnce is one request of any size, under the condition that there is no
// generation yet.
func (g *google) putOnce(ctx context.Context, key string, data []byte) error {
	w := g.bucket.Object(key).If(gcs.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ContentType = contentType
	w.ChunkSize = 0
	if _, err := w.Write(data); err != nil {
		w.Close() // says the same
		return g.kind(err)
	}
	if err := w.Close(); err != nil {
		return g.kind(err)
	}
	return nil
}

func (g *google) page(ctx context.Context, prefix string, token []byte) ([]Object, []byte, error) {
	found, next, err := g.ask(ctx, &gcs.Query{Prefix: prefix}, token)
	objects := make([]Object, len(found))
	for i, attrs := range found {
		objects[i] = Object{attrs.Name, googleAttrs(attrs)}
	}
	return objects, next, err
}

func (g *google) folderPage(ctx context.Context, prefix string, token []byte) ([]string, []byte, error) {
	found, next, err := g.ask(ctx, &gcs.Query{Prefix: prefix, Delimiter: "/"}, token)
	var names []string
	for _, attrs := range found {
		if attrs.Prefix != "" {
			names = append(names, folderName(attrs.Prefix, prefix))
		}
	}
	return names, next, err
}

// ask returns one page of a query.
func (g *google) ask(ctx context.Context, query *gcs.Query, token []byte) (found []*gcs.ObjectAttrs, next []byte, err error) {
	query.Projection = gcs.ProjectionNoACL
	if err := query.SetAttrSelection([]string{"Name", "Size", "Generation", "Updated"}); err != nil {
		return nil, nil, err
	}
	more, err := iterator.NewPager(g.bucket.Objects(ctx, query), int(pageObjects), string(token)).NextPage(&found)
	if err != nil {
		return nil, nil, g.kind(err)
	}
	if more != "" {
		next = []byte(more)
	}
	return found, next, nil
}

func (g *google) beforeRead(key string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var object **gcs.ObjectHandle
		if as(&object) {
			*object = g.bucket.Object(key)
		}
		return nil
	}
}

func (g *google) beforeWrite(key string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		tries := &uploadTries{limit: g.policy.Attempts, passes: g.passes}
		var object **gcs.ObjectHandle
		if as(&object) {
			*object = g.uploads.Object(key).Retryer(tries.options(g.policy)...)
		}
		var w *gcs.Writer
		if as(&w) {
			w.ProgressFunc = tries.progress
			w.ChunkRetryDeadline = time.Duration(g.policy.Attempts) * (g.policy.AttemptTimeout + g.policy.MaxDelay)
		}
		return nil
	}
}

// beforeCopy never replaces an object.
func (g *google) beforeCopy(dst, src string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var handles *gcsblob.CopyObjectHandles
		if as(&handles) {
			handles.Dst = g.bucket.Object(dst).If(gcs.Conditions{DoesNotExist: true})
			handles.Src = g.bucket.Object(src)
		}
		return nil
	}
}

func (g *google) readAttrs(r *blob.Reader) Attrs {
	attrs := Attrs{Size: r.Size(), ModTime: r.ModTime().UTC()}
	var body *gcs.Reader
	if r.As(&body) {
		attrs.Version = generation(body.Attrs.Generation)
	}
	return attrs
}

// checkRead leaves ranges to the client, which looks by itself.
func (g *google) checkRead(r *blob.Reader, _ int64) error {
	var body *gcs.Reader
	if r.As(&body) && body.Attrs.Generation <= 0 {
		return errForeign
	}
	return nil
}

// same cannot tell: a copy has a generation of its own.
func (g *google) same(string, string, Attrs, Attrs) bool { return false }
