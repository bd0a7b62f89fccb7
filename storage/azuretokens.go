package storage

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// azureTokens is Azure's default chain of credentials, set up with the first
// request.
type azureTokens struct {
	transport http.RoundTripper

	given atomic.Bool // a token

	mu    sync.Mutex
	chain *azidentity.DefaultAzureCredential
}

// GetToken implements azcore.TokenCredential.
func (t *azureTokens) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	chain, err := t.find()
	if err != nil {
		return azcore.AccessToken{}, ErrAzureCredentials
	}
	token, err := chain.GetToken(ctx, options)
	switch {
	case err == nil:
		t.given.Store(true)
	case ctx.Err() == nil && !t.unanswered(err):
		return token, ErrAzureCredentials
	}
	return token, err
}

func (t *azureTokens) find() (*azidentity.DefaultAzureCredential, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.chain == nil {
		options := &azidentity.DefaultAzureCredentialOptions{}
		options.Transport = plainClient(t.transport)
		chain, err := azidentity.NewDefaultAzureCredential(options)
		if err != nil {
			return nil, err
		}
		t.chain = chain
	}
	return t.chain, nil
}

// unanswered tells a server of tokens that is silent or in trouble from a refusal,
// and from none that was found. One that has given a token was found.
func (t *azureTokens) unanswered(err error) bool {
	var failed *azidentity.AuthenticationFailedError
	switch {
	case !errors.As(err, &failed):
		return t.given.Load()
	case failed.RawResponse == nil:
		return true
	}
	return errors.Is(statusKind(failed.RawResponse.StatusCode), ErrTransient)
}
