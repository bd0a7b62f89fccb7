package storage

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// s3Transport is a transport of our own with the configured proxies and
// certificates, so that its connections can be closed with the bucket.
func s3Transport(configured s3.HTTPClient) *http.Transport {
	buildable, ok := configured.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	return forObjects(buildable.GetTransport())
}

// uploadRetryer repeats the requests of an upload as the policy says.
func uploadRetryer(policy Policy) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = policy.Attempts
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(passes)}, o.Retryables...)
		o.Backoff = retry.BackoffDelayerFunc(func(tried int, _ error) (time.Duration, error) {
			return policy.delay(max(tried, 1)), nil
		})
	})
}

// passes finds what may pass although the vendor's client thinks otherwise: a
// garbled body or answer, a conflict with another request; and what may not: a
// certificate that is not trusted.
func passes(err error) aws.Ternary {
	kind := amazonKind(err)
	switch {
	case errors.Is(kind, ErrTransient):
		return aws.TrueTernary
	case errors.Is(kind, ErrSettings):
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}
