package storage

import (
	"io"
	"net/http"
	"sync"
)

// ownBodies lets go of a request only when nobody reads its body any more. Without
// it net/http may go on reading after the answer came, or the error, while a
// vendor's client rewinds the same body for its next try, which would then send
// bytes twice or not at all.
type ownBodies struct{ next http.RoundTripper }

func (o ownBodies) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return o.next.RoundTrip(request)
	}
	readers := &sync.WaitGroup{}
	response, err := o.next.RoundTrip(watched(request, readers))
	if err != nil {
		readers.Wait()
		return nil, err
	}
	response.Body = ownedBody{response.Body, readers}
	return response, nil
}

// watched is the request with bodies that count among readers until they are closed.
func watched(request *http.Request, readers *sync.WaitGroup) *http.Request {
	watch := func(body io.ReadCloser) io.ReadCloser {
		readers.Add(1)
		return &watchedBody{ReadCloser: body, done: sync.OnceFunc(readers.Done)}
	}
	copied := request.WithContext(request.Context())
	copied.Body = watch(request.Body)
	if again := request.GetBody; again != nil {
		copied.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return watch(body), nil
		}
	}
	return copied
}

type watchedBody struct {
	io.ReadCloser
	done func()
}

func (b *watchedBody) Close() error {
	defer b.done()
	return b.ReadCloser.Close()
}

// ownedBody is the body of an answer. Closing it ends a request that is still
// being sent.
type ownedBody struct {
	io.ReadCloser
	readers *sync.WaitGroup
}

func (b ownedBody) Close() error {
	err := b.ReadCloser.Close()
	b.readers.Wait()
	return err
}
