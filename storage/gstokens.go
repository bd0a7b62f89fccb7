package storage

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"gocloud.dev/gcp"
	"golang.org/x/oauth2"
)

// tokenTimeout bounds the way to a token, the search for a metadata server in it.
const tokenTimeout = 15 * time.Second

// googleTokens finds the application default credentials with the first
// request and keeps their token as long as it is valid.
type googleTokens struct {
	mu     sync.Mutex
	source gcp.TokenSource
}

// token waits no longer than ctx.
func (t *googleTokens) token(ctx context.Context) (*oauth2.Token, error) {
	type answer struct {
		token *oauth2.Token
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		token, err := t.find()
		got <- answer{token, err}
	}()
	select {
	case a := <-got:
		return a.token, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *googleTokens) find() (*oauth2.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.source == nil {
		transport := newTransport()
		transport.DisableKeepAlives = true // the next token is an hour away
		client := &http.Client{Timeout: tokenTimeout, Transport: transport}
		found, err := gcp.DefaultCredentials(context.WithValue(context.Background(), oauth2.HTTPClient, client))
		if err != nil {
			return nil, ErrGoogleCredentials
		}
		t.source = found.TokenSource
	}
	token, err := t.source.Token()
	if refused(err) {
		return nil, ErrGoogleCredentials
	}
	return token, err
}

// refused tells a refusal of the credentials from a server that did not answer.
func refused(err error) bool {
	var answer *oauth2.RetrieveError
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < http.StatusInternalServerError &&
		answer.Response.StatusCode != http.StatusTooManyRequests
}

// bearer signs requests.
type bearer struct {
	next   http.RoundTripper
	tokens *googleTokens
}

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := b.tokens.token(request.Context())
	if err != nil {
		if request.Body != nil {
			request.Body.Close()
		}
		return nil, err
	}
	signed := request.Clone(request.Context())
	token.SetAuthHeader(signed)
	return b.next.RoundTrip(signed)
}
