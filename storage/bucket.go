package storage

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
)

// Bucket is an open folder of a store. All methods may be called concurrently.
type Bucket struct {
	store store
	bare  store  // beneath its steps
	uri   string // redacted
	retry retrier
}

// Options tunes a bucket; the zero value is the default.
type Options struct {
	// Retry bounds the repetition of what may pass.
	Retry Policy
	// OnBackoff, where not nil, is called before each wait: the redacted URI
	// of the object, the tries made, the wait that follows.
	OnBackoff func(uri string, attempt int, delay time.Duration)
}

// Open opens the folder that uri names (see the package's text on names) with
// default options. It asks the store nothing and creates nothing. An unknown
// scheme or a malformed URI is ErrInvalid, a scheme without a driver
// ErrUnsupported.
func Open(ctx context.Context, uri string) (*Bucket, error) {
	return OpenWith(ctx, uri, Options{})
}

// OpenWith is Open with options.
func OpenWith(ctx context.Context, uri string, options Options) (*Bucket, error) {
	b, err := openFolder(ctx, uri, options)
	return b, wrapOp("open", Redact(uri), err)
}

func openFolder(ctx context.Context, uri string, options Options) (*Bucket, error) {
	if err := options.Retry.Validate(); err != nil {
		return nil, err
	}
	a, err := parseFolder(uri)
	if err != nil {
		return nil, err
	}
	policy := options.Retry.withDefaults()
	s, err := openStore(ctx, a, policy)
	if err != nil {
		return nil, err
	}
	return &Bucket{
		store: stepped{s},
		bare:  s,
		uri:   displayed(uri, a),
		retry: retrier{policy: policy, notify: options.OnBackoff},
	}, nil
}

func openStore(ctx context.Context, a address, policy Policy) (store, error) {
	if a.scheme == "file" {
		return openFiles(a)
	}
	return drivers[a.scheme](ctx, a, policy)
}

// displayed is uri as it was spelled, without options, user information and
// slashes at its end.
func displayed(uri string, a address) string {
	if a.query != "" {
		uri = strings.TrimSuffix(uri, "?"+a.query)
	}
	scheme, rest, ok := cutScheme(uri)
	if rest = strings.TrimRight(rest, "/"); rest == "" {
		rest = "/"
	}
	if !ok {
		return Redact(rest)
	}
	return Redact(scheme + "://" + rest)
}

// URI returns the folder's URI without options and user information.
func (b *Bucket) URI() string { return b.uri }

// Close releases connections. Readers and writers must be done by then.
func (b *Bucket) Close() error { return b.store.close() }

// name is the redacted URI of a key, for errors.
func (b *Bucket) name(key string) string {
	return Redact(strings.TrimSuffix(b.uri, "/") + "/" + key)
}

// do runs one operation on key with retries and names it in its error.
func (b *Bucket) do(ctx context.Context, op, key string, try func(ctx context.Context, full string) error) (int, error) {
	full, err := b.full(key)
	if err != nil {
		return 1, wrapOp(op, b.name(key), err)
	}
	tried, err := b.retry.run(ctx, b.name(key), func(ctx context.Context) error { return try(ctx, full) })
	return tried, wrapOp(op, b.name(key), err)
}

// full is the object name of a key.
func (b *Bucket) full(key string) (string, error) {
	if key == "" {
		return "", invalid("the key is empty")
	}
	if strings.IndexByte(key, 0) >= 0 {
		return "", invalid("the key holds a NUL byte")
	}
	return b.store.full(key)
}

// Stat returns the attributes of an object.
func (b *Bucket) Stat(ctx context.Context, key string) (Attrs, error) {
	var attrs Attrs
	tried, err := b.do(ctx, "stat", key, func(ctx context.Context, full string) (err error) {
		attrs, err = b.store.stat(ctx, full)
		return err
	})
	attrs.Attempts = tried
	return attrs, err
}

// Delete removes an object; one that is missing is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.do(ctx, "delete", key, b.store.remove)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}

// List yields every object below the folder whose key begins with prefix,
// which may end within a name, sorted by key. After an error it ends. Files of
// unfinished writes and what is no regular file are left out; folders that are
// symbolic links are not entered.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		base := b.store.prefix()
		for object, err := range b.store.list(ctx, base+prefix, b.attempts(prefix)) {
			object.Key = strings.TrimPrefix(object.Key, base)
			if !yield(object, wrapOp("list", b.name(prefix), err)) || err != nil {
				return
			}
		}
	}
}

// Folders returns the names of the folders right below prefix, sorted, without
// reading what is in them. prefix is empty or ends with a slash; one that is
// missing has none. A folder of an object store is what some key has before a
// slash; on local files an empty folder counts, one that is a symbolic link
// does not.
func (b *Bucket) Folders(ctx context.Context, prefix string) ([]string, error) {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		return nil, wrapOp("list", b.name(prefix), invalid("a folder ends with a slash"))
	}
	names, err := b.store.folders(ctx, b.store.prefix()+prefix, b.attempts(prefix))
	slices.Sort(names)
	return names, wrapOp("list", b.name(prefix), err)
}

// attempts repeats the requests of a listing.
func (b *Bucket) attempts(prefix string) attempt {
	return func(ctx context.Context, try func(context.Context) error) error {
		_, err := b.retry.run(ctx, b.name(prefix), try)
		return err
	}
}
