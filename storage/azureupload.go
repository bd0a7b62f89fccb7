package storage

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"golang.org/x/sync/errgroup"
)

// azureUpload sends an object block by block. Blocks that were sent are part of
// the object once all of them are committed; where they are not, the service
// forgets them after a week.
//
// The vendor's UploadStream keeps blocks in memory that it unmaps when it returns,
// be a request still reading them, which ends the whole program. Here each block
// has memory of its own, left to the garbage collector.
type azureUpload struct {
	ctx    context.Context
	cancel context.CancelFunc
	client *blockblob.Client
	name   string   // of this upload, in the names of its blocks
	blocks []string // sent or being sent
	next   []byte   // what the next block holds so far

	group   *errgroup.Group // sends blocks
	sending context.Context // ends with the group's first error
}

func (s *azure) create(ctx context.Context, key string) (upload, error) {
	ctx, cancel := context.WithCancel(ctx)
	u := &azureUpload{ctx: ctx, cancel: cancel, client: s.repeating.NewBlockBlobClient(key), name: rand.Text()}
	u.group, u.sending = errgroup.WithContext(ctx)
	u.group.SetLimit(partsAtOnce)
	return u, nil
}

func (u *azureUpload) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		if u.sending.Err() != nil {
			return written, context.Cause(u.sending)
		}
		n := min(len(p), partBytes-len(u.next))
		u.next = append(u.next, p[:n]...)
		p, written = p[n:], written+n
		if len(u.next) == partBytes {
			u.send()
		}
	}
	return written, nil
}

// send sends the next block, and waits where as many as may be are on their way.
func (u *azureUpload) send() {
	block, data := u.blockName(), u.next
	u.blocks, u.next = append(u.blocks, block), nil
	u.group.Go(func() error {
		_, err := u.client.StageBlock(u.sending, block, bodyOf(data), &blockblob.StageBlockOptions{TransactionalValidation: digestOf(data)})
		return azureKind(err)
	})
}

// blockName is a name for the next block; those of one object have one length.
func (u *azureUpload) blockName() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s-%08d", u.name, len(u.blocks)))
}

// commit makes the object of its blocks, or in one request where it fits in one.
func (u *azureUpload) commit() error {
	defer u.cancel()
	headers := &azblobs.HTTPHeaders{BlobContentType: to.Ptr(contentType)}
	if len(u.blocks) == 0 {
		_, err := u.client.Upload(u.ctx, bodyOf(u.next), &blockblob.UploadOptions{HTTPHeaders: headers, TransactionalValidation: digestOf(u.next)})
		return azureKind(err)
	}
	if len(u.next) > 0 {
		u.send()
	}
	if err := u.group.Wait(); err != nil {
		return err
	}
	_, err := u.client.CommitBlockList(u.ctx, u.blocks, &blockblob.CommitBlockListOptions{HTTPHeaders: headers})
	return azureKind(err)
}

func (u *azureUpload) abort() error {
	u.cancel()
	u.group.Wait() // reports that it was cancelled
	return nil
}

func bodyOf(data []byte) io.ReadSeekCloser { return streaming.NopCloser(bytes.NewReader(data)) }

// digestOf has the service compare what arrives with what was sent.
func digestOf(data []byte) azblobs.TransferValidationType {
	sum := md5.Sum(data)
	return azblobs.TransferValidationTypeMD5(sum[:])
}

// azurePasses tells whether a request of an upload is worth another try.
func azurePasses(response *http.Response, err error) bool {
	if err != nil { // a deadline is that of the request: the upload's own end is looked at before
		kind := azureKind(err)
		return errors.Is(kind, ErrTransient) || contextError(kind) != nil
	}
	code := bloberror.Code(response.Header.Get("x-ms-error-code"))
	kind, ok := azureCodes[code]
	if !ok {
		kind = statusKind(response.StatusCode)
	}
	return response.StatusCode != http.StatusCreated && errors.Is(kind, ErrTransient)
}
