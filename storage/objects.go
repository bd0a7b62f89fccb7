package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ObjectsOptions says which objects a manifest may name.
type ObjectsOptions struct {
	// Base is the folder that relative names are resolved against, commonly
	// the manifest's own. Its options (endpoint, region, …) hold for every URI
	// of its scheme. Without it relative names are ErrInvalid.
	Base string
	// AllowLocal lets every local path be read; a local Base does so, too.
	AllowLocal bool
	// AllowRoots are local folders whose files may be read in any case, links
	// resolved.
	AllowRoots []string
	// AllowHTTP are the web hosts whose images may be read over http and https:
	// cdn.example.org, *.example.org for those below, * for any, each with
	// :port where it is not the usual one. Never opened are addresses that are
	// not public. Without it web addresses are ErrNotAllowed.
	AllowHTTP []string
	// PerHost is how many requests one web host gets at once; default 8.
	PerHost int
	// Retry bounds the repetition of what may pass.
	Retry Policy
	// OnBackoff, where not nil, is called before each wait: the redacted URI,
	// the tries made, the wait that follows.
	OnBackoff func(uri string, attempt int, delay time.Duration)
}

// Objects reads the objects that image URIs name. A URI is taken byte for
// byte: s3://bucket/key and mem://name/key have no options, a plain path is
// the name on the disk, absolute or relative to Base; only file:// is
// percent-decoded; web addresses are sent as they are, spaces and the like
// encoded, without a fragment. All methods may be called concurrently.
type Objects struct {
	options ObjectsOptions
	base    address
	baseErr error // of any option
	local   localFiles
	web     *web
	retry   retrier

	mu      sync.Mutex
	buckets map[string]*Bucket // by scheme://host
}

// NewObjects returns a reader. A Base or a Policy that is malformed is
// reported by every Read, as ErrSettings.
func NewObjects(options ObjectsOptions) *Objects {
	o := &Objects{
		options: options,
		retry:   retrier{policy: options.Retry.withDefaults(), notify: options.OnBackoff},
		buckets: map[string]*Bucket{},
	}
	if options.Base != "" {
		o.base, o.baseErr = parseFolder(options.Base)
	}
	o.baseErr = errors.Join(o.baseErr, options.Retry.Validate(), CheckWebHosts(options.AllowHTTP))
	o.web = newWeb(options.AllowHTTP, options.PerHost, o.retry)
	anywhere := options.AllowLocal || o.base.scheme == "file"
	o.local = localFiles{anywhere: anywhere, roots: options.AllowRoots}
	return o
}

// Read reads the object that uri names into the memory of buf, grown as
// needed, and returns the body, which is valid until buf is used again. One
// attempt costs one request. An object of more than maxBytes (negative: no
// limit) is ErrTooLarge, before its body is read where the size is known.
// Local paths that may not be read are ErrPermission; folders, devices and
// pipes are ErrInvalid. Web addresses that may not be read are ErrNotAllowed, a
// host that has no address is ErrNoHost. A store that cannot be opened as the
// options and the environment say is ErrSettings. Beside an error the body is empty, of the same memory,
// and attrs.Attempts still tells the tries.
func (o *Objects) Read(ctx context.Context, uri string, buf []byte, maxBytes int64) (body []byte, attrs Attrs, err error) {
	if IsWeb(uri) && o.baseErr == nil {
		body, attrs, err = o.web.read(ctx, uri, buf, maxBytes)
		attrs.Version = maskSecretsOf(uri, attrs.Version)
		if err != nil {
			err = wrapOp("read", Redact(uri), withoutSecretsOf(uri, err))
		}
		return body, attrs, err
	}
	a, err := o.resolve(uri)
	if err != nil {
		return buf[:0], Attrs{Attempts: 1}, wrapOp("read", Redact(uri), err)
	}
	if a.scheme == "file" {
		return o.readLocal(ctx, a.path, uri, buf, maxBytes)
	}
	bucket, err := o.bucket(ctx, a)
	if err != nil {
		return buf[:0], Attrs{Attempts: 1}, err
	}
	return bucket.readInto(ctx, a.path, buf, maxBytes)
}

// resolve turns an image URI into the place of an object.
func (o *Objects) resolve(uri string) (address, error) {
	if o.baseErr != nil {
		return address{}, fmt.Errorf("%w: base: %w", ErrSettings, o.baseErr)
	}
	a, err := parseObject(uri)
	if err != nil {
		return a, err
	}
	_, _, absolute := cutScheme(uri)
	if !absolute && !strings.HasPrefix(a.path, "/") {
		return o.relative(a.path)
	}
	if scheme, _, _ := cutScheme(uri); isABFS(scheme) {
		return signedFor(a, o.base)
	}
	if a.query != "" {
		return a, invalid("the URI of an object has no options")
	}
	if a.scheme == o.base.scheme {
		a.query = o.base.query
	}
	return a, nil
}

// relative resolves a name against the base.
func (o *Objects) relative(name string) (address, error) {
	a := o.base
	switch {
	case a.scheme == "":
		return a, invalid("a relative name needs a base folder")
	case a.scheme == "file":
		a.path = strings.TrimRight(a.path, "/") + "/" + name
	default:
		a.path = folderPrefix(a.path) + name
	}
	return a, nil
}

func (o *Objects) readLocal(ctx context.Context, path, uri string, buf []byte, maxBytes int64) ([]byte, Attrs, error) {
	var attrs Attrs
	name := Redact(uri)
	tried, err := o.retry.run(ctx, name, func(context.Context) error {
		body, found, err := openStepped(ctx, path, func() (io.ReadCloser, Attrs, error) { return o.local.open(path) })
		attrs = found
		if err != nil {
			return err
		}
		defer body.Close()
		buf, err = readBody(readerUntil{ctx, body}, found.Size, buf, maxBytes)
		return err
	})
	attrs.Attempts = tried
	if err != nil {
		buf = buf[:0]
	}
	return buf, attrs, wrapOp("read", name, err)
}

// bucket opens the bucket of an address or returns the one that is open.
func (o *Objects) bucket(ctx context.Context, a address) (*Bucket, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	uri := a.scheme + "://" + a.host
	if b := o.buckets[uri]; b != nil {
		return b, nil
	}
	options := Options{Retry: o.options.Retry, OnBackoff: o.options.OnBackoff}
	b, err := OpenWith(ctx, a.folder(""), options)
	if errors.Is(err, ErrInvalid) { // the name was checked before
		return nil, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	if err == nil {
		o.buckets[uri] = b
	}
	return b, err
}

// Close closes every bucket that was opened; no Read may be running.
func (o *Objects) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, b := range o.buckets {
		errs = append(errs, b.Close())
	}
	clear(o.buckets)
	o.web.close()
	return errors.Join(errs...)
}
