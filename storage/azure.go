package storage

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// azure is a container of Azure Blob Storage, through the vendor's client
// alone: gocloud escapes keys there and lets nobody prevent it, panics when an
// upload or the wait for a copy fails, and sleeps through the end of a context.
type azure struct {
	listing
	keyspace
	once      *container.Client // tries each request once
	repeating *container.Client // repeats the requests of an upload by itself
	transport *http.Transport
	policy    Policy
}

// openAzure makes two clients, as the other stores do.
func openAzure(_ context.Context, a address, policy Policy) (store, error) {
	settings, err := configureAzure(a)
	if err == nil {
		err = azureName(a.path)
	}
	if err != nil {
		return nil, err
	}
	transport := newTransport()
	found := &azureTokens{transport: transport}
	once, err := settings.client(transport, tryOnce, found)
	if err != nil {
		return nil, err
	}
	repeating, err := settings.client(patient{next: transport, limit: policy.AttemptTimeout}, uploadRetries(policy), found)
	if err != nil {
		return nil, err
	}
	s := &azure{keyspace: below(a.path), once: once, repeating: repeating, transport: transport, policy: policy}
	s.listing = listing{azurePages{once}}
	return s, nil
}

// tryOnce leaves repeating to this package.
var tryOnce = policy.RetryOptions{MaxRetries: -1}

// uploadRetries repeats the requests of an upload as the policy says.
func uploadRetries(p Policy) policy.RetryOptions {
	retries := int32(p.Attempts - 1)
	if retries == 0 {
		retries = -1 // 0 is the client's default
	}
	return policy.RetryOptions{MaxRetries: retries, TryTimeout: p.AttemptTimeout, RetryDelay: p.BaseDelay, MaxRetryDelay: p.MaxDelay,
		ShouldRetry: azurePasses}
}

// full refuses what the service would take for another name: it turns
// backslashes into slashes and drops a dot at the end of a folder's or an
// object's name.
func (s *azure) full(key string) (string, error) {
	if err := azureName(key); err != nil {
		return "", err
	}
	return s.keyspace.full(key)
}

func azureName(key string) error {
	for part := range strings.SplitSeq(key, "/") {
		if strings.HasSuffix(part, ".") || strings.Contains(part, `\`) {
			return invalid("Azure keeps no name with a backslash and none that ends with a dot")
		}
	}
	return nil
}

// syncFolder: what the service has answered to is durable.
func (s *azure) syncFolder(context.Context, string) error { return nil }

func (s *azure) close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func (s *azure) stat(ctx context.Context, key string) (Attrs, error) {
	found, err := s.once.NewBlobClient(key).GetProperties(ctx, nil)
	if err != nil {
		return Attrs{}, azureKind(err)
	}
	if deref(found.ETag) == "" {
		return Attrs{}, errForeign
	}
	return azureAttrs(deref(found.ContentLength), found.ETag, found.LastModified), nil
}

func azureAttrs(size int64, tag *azcore.ETag, modified *time.Time) Attrs {
	return Attrs{Size: size, Version: strings.Trim(string(deref(tag)), `"`), ModTime: deref(modified).UTC()}
}

// deref is what p points to, or nothing.
func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

func (s *azure) remove(ctx context.Context, key string) error {
	_, err := s.once.NewBlobClient(key).Delete(ctx, nil)
	return azureKind(err)
}

func (s *azure) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error) {
	part := azblobs.HTTPRange{Offset: offset, Count: max(length, 0)}
	if length == 0 {
		part.Count = 1 // 0 is the rest of the object
	}
	found, err := s.once.NewBlobClient(key).DownloadStream(ctx, &azblobs.DownloadStreamOptions{Range: part})
	if err != nil {
		return nil, Attrs{}, azureKind(err)
	}
	attrs := azureAttrs(azureSize(found), found.ETag, found.LastModified)
	if length == 0 {
		found.Body.Close()
		return http.NoBody, attrs, nil
	}
	if attrs.Version == "" {
		found.Body.Close()
		return nil, attrs, errForeign
	}
	if err := checkRange(deref(found.ContentRange), offset); err != nil {
		found.Body.Close()
		return nil, attrs, err
	}
	if part == (azblobs.HTTPRange{}) {
		return azureBody{withDigest(found.Body, found.ContentMD5)}, attrs, nil
	}
	return azureBody{found.Body}, attrs, nil
}

// azureSize is the size of the whole object, -1 where the answer leaves it out.
func azureSize(found azblobs.DownloadStreamResponse) int64 {
	if found.ContentRange != nil {
		_, total, _ := strings.Cut(*found.ContentRange, "/")
		if n, err := strconv.ParseInt(total, 10, 64); err == nil {
			return n
		}
		return -1
	}
	if found.ContentLength == nil {
		return -1
	}
	return *found.ContentLength
}

// azureBody is the body of an object.
type azureBody struct{ io.ReadCloser }

func (b azureBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = azureKind(err)
	}
	return n, err
}

// putOnce is one request of any size that a limit of the service allows, 5 GB.
func (s *azure) putOnce(ctx context.Context, key string, data []byte) error {
	_, err := s.once.NewBlockBlobClient(key).Upload(ctx, bodyOf(data), &blockblob.UploadOptions{
		HTTPHeaders:             &azblobs.HTTPHeaders{BlobContentType: to.Ptr(contentType)},
		AccessConditions:        &azblobs.AccessConditions{ModifiedAccessConditions: ifAbsent()},
		TransactionalValidation: digestOf(data),
	})
	return azureKind(err)
}

func ifAbsent() *azblobs.ModifiedAccessConditions {
	return &azblobs.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}
}

// same cannot tell: a copy has an ETag of its own.
func (s *azure) same(string, string, Attrs, Attrs) bool { return false }
