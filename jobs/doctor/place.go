package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
)

// quick finds out soon that a store does not answer.
var quick = storage.Policy{Attempts: 2, AttemptTimeout: 15 * time.Second}

// maxImage bounds what is read of a web image.
const maxImage = 64 << 20

// read tells whether an object can be read, or a folder listed and an object
// in it read.
func read(ctx context.Context, uri string) Finding {
	name := "read " + storage.Redact(uri)
	start := time.Now()
	detail, err := readAny(ctx, uri)
	if err != nil {
		return placeFailed(name, err)
	}
	f := Finding{Check: name, Status: OK, Detail: detail, Seconds: time.Since(start).Seconds()}
	if detail == emptyFolder {
		f.Status = Warn
	}
	return f
}

const emptyFolder = "an empty folder"

func readAny(ctx context.Context, uri string) (string, error) {
	if storage.IsWeb(uri) {
		return readWeb(ctx, uri)
	}
	folder, key, err := storage.SplitURI(uri)
	if err != nil && !errors.Is(err, storage.ErrInvalid) {
		return "", err
	}
	var asObject error
	if err == nil {
		var detail string
		if detail, asObject = readObject(ctx, folder, key); asObject == nil {
			return detail, nil
		}
	}
	detail, err := readFolder(ctx, uri)
	if errors.Is(err, storage.ErrNotExist) && asObject != nil && !errors.Is(asObject, storage.ErrInvalid) {
		return "", asObject
	}
	if errors.Is(err, storage.ErrNotExist) && errors.Is(asObject, storage.ErrInvalid) {
		return emptyFolder, nil // of a local disk
	}
	return detail, err
}

// readWeb reads an image of the web, as a row of a manifest would be read. Who
// names its host here allows it.
func readWeb(ctx context.Context, uri string) (string, error) {
	hosts := []string{storage.AnyWebHost}
	if _, host, ok := strings.Cut(storage.WebHost(uri), "://"); ok {
		hosts = append(hosts, host) // with its port
	}
	objects := storage.NewObjects(storage.ObjectsOptions{AllowHTTP: hosts, Retry: quick})
	defer objects.Close()
	body, _, err := objects.Read(ctx, uri, nil, maxImage)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d bytes", len(body)), nil
}

// readObject reads the first byte of an object.
func readObject(ctx context.Context, folder, key string) (string, error) {
	b, err := storage.OpenWith(ctx, folder, storage.Options{Retry: quick})
	if err != nil {
		return "", err
	}
	defer b.Close()
	size, err := firstByte(ctx, b, key)
	return fmt.Sprintf("an object of %d bytes", size), err
}

func firstByte(ctx context.Context, b *storage.Bucket, key string) (size int64, err error) {
	r, err := b.NewRangeReader(ctx, key, 0, 1)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return 0, err
	}
	return r.Attrs().Size, nil
}

// readFolder lists a folder up to its first object and reads that.
func readFolder(ctx context.Context, uri string) (string, error) {
	b, err := storage.OpenWith(ctx, uri, storage.Options{Retry: quick})
	if err != nil {
		return "", err
	}
	defer b.Close()
	for object, err := range b.List(ctx, "") {
		if err != nil {
			return "", err
		}
		_, err := firstByte(ctx, b, object.Key)
		return "a folder; it can be listed and read", err
	}
	return "", fmt.Errorf("list %s: nothing is there: %w", b.URI(), storage.ErrNotExist)
}

// placeFailed is the finding of a store that failed.
func placeFailed(name string, err error) Finding {
	f := failed(name, err)
	f.Detail = strings.TrimPrefix(f.Detail, name+": ")
	for _, c := range cures {
		if strings.Contains(f.Detail, c.says) {
			f.Hint = c.hint
			return f
		}
	}
	if errors.Is(err, storage.ErrTransient) {
		f.Hint = "nothing answered as it should: look at the network and the endpoint, or try again later"
	}
	return f
}

// cures are what helps, by what a store said.
var cures = []struct{ says, hint string }{
	{"RequestTimeTooSkewed", "this machine's clock is wrong: set it, by NTP for instance"},
	{"AuthorizationHeaderMalformed", anotherRegion},
	{"PermanentRedirect", anotherRegion},
	{"IllegalLocationConstraint", anotherRegion},
	{"status 301", anotherRegion},
	{"no usable AWS credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role"},
	{"InvalidAccessKeyId", "the access key is unknown to this store: look at AWS_ACCESS_KEY_ID, AWS_PROFILE and the endpoint"},
	{"SignatureDoesNotMatch", "the secret key is not the access key's: look at AWS_SECRET_ACCESS_KEY"},
	{"ExpiredToken", "the credentials have expired: get new ones"},
	{storage.ErrNoBucket.Error(), "make the bucket first, or check its spelling and the endpoint"},
}

const anotherRegion = "the bucket is in another region: name it with ?region=… or AWS_REGION"
