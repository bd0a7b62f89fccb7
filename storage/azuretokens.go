package storage

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// azureTokens is Azure's default chain of credentials, set up with the first
// request.
type azureTokens struct {
	transport http.RoundTripper

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
	if err != nil && ctx.Err() == nil && !unanswered(err) {
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

// unanswered tells a server of tokens that is in trouble from a refusal.
func unanswered(err error) bool {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return false
	}
	return errors.Is(statusKind(failed.RawResponse.StatusCode), ErrTransient)
}
