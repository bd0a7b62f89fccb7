package storage

import (
	"context"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// azureUpload feeds an upload through a pipe. Blocks that were sent are part of
// the object once all of them are committed, which the end of the stream does; where
// the stream ends with an error, the service forgets them after a week.
type azureUpload struct {
	*io.PipeWriter
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of the upload, set before done is closed
}

func (s *azure) create(ctx context.Context, key string) (upload, error) {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	u := &azureUpload{PipeWriter: w, cancel: cancel, done: make(chan struct{})}
	client := s.repeating.NewBlockBlobClient(key)
	go func() {
		defer close(u.done)
		_, err := client.UploadStream(ctx, r, &blockblob.UploadStreamOptions{
			BlockSize:   partBytes,
			Concurrency: partsAtOnce,
			HTTPHeaders: &azblobs.HTTPHeaders{BlobContentType: to.Ptr(contentType)},
		})
		if err != nil {
			u.err = azureKind(err)
		}
		r.CloseWithError(u.err)
	}()
	return u, nil
}

func (u *azureUpload) commit() error {
	defer u.cancel()
	u.PipeWriter.Close()
	<-u.done
	return u.err
}

func (u *azureUpload) abort() error {
	u.cancel()
	u.PipeWriter.CloseWithError(context.Canceled)
	<-u.done
	return nil
}
