package storage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A service of tokens that falls silent after it has given some is in trouble; one
// that never gave any is not there.
func TestServicesOfTokensThatFallSilent(t *testing.T) {
	answered := func(status int) error {
		return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status}}
	}
	for _, c := range []struct {
		err           error
		before, after bool
	}{
		{answered(400), false, false},
		{answered(401), false, false},
		{answered(503), true, true},
		{answered(429), true, true},
		{&azidentity.AuthenticationFailedError{}, true, true}, // was there and has not answered
		{azidentity.NewCredentialUnavailableError("no response from the metadata server"), false, true},
		{fmt.Errorf("chain: %w", answered(403)), false, false},
	} {
		var tokens azureTokens
		if got := tokens.unanswered(c.err); got != c.before {
			t.Errorf("%v: in trouble %v", c.err, got)
		}
		tokens.given.Store(true)
		if got := tokens.unanswered(c.err); got != c.after {
			t.Errorf("%v after a token: in trouble %v", c.err, got)
		}
	}
}

func TestMetadataServersThatFallSilent(t *testing.T) {
	silent := &smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata",
		Err: &smithyhttp.RequestSendError{Err: errors.New("connection refused")}}
	service := &service{errs: []error{silent, nil, silent, errors.New("no role is attached")}}
	c := credentials{service, new(atomic.Bool)}
	for i, kind := range []error{ErrCredentials, nil, ErrTransient, ErrCredentials} {
		_, err := c.Retrieve(t.Context())
		if err != nil {
			err = amazonKind(err)
		}
		if !errors.Is(err, kind) || errors.Is(err, ErrTransient) != (kind == ErrTransient) {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// service gives credentials, or errors, one after another.
type service struct{ errs []error }

func (s *service) Retrieve(context.Context) (aws.Credentials, error) {
	err := s.errs[0]
	s.errs = s.errs[1:]
	return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, err
}
