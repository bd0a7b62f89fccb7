package storage

import (
	"context"
	"errors"
	"net/url"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob/s3blob"
)

// defaultRegion is signed for where an endpoint but no region is configured.
const defaultRegion = "us-east-1"

// openS3 lets gocloud read the options and the AWS configuration, and then
// makes two clients of the result: one that tries each request once, because
// this package repeats, and one for uploads, whose parts only the client can
// repeat.
func openS3(ctx context.Context, a address, policy Policy) (store, error) {
	settings, sealing, err := configureS3(ctx, a)
	if err != nil {
		return nil, err
	}
	transport := s3Transport(settings.HTTPClient)
	once := s3.New(settings, func(o *s3.Options) {
		o.HTTPClient, o.Retryer = plainClient(wholeAnswers{transport}), aws.NopRetryer{}
	})
	repeating := s3.New(settings, func(o *s3.Options) {
		o.HTTPClient = plainClient(uploading(wholeAnswers{transport}, policy))
		o.Retryer = uploadRetryer(policy)
	})
	bucket, err := s3blob.OpenBucket(ctx, once, a.host, &sealing)
	if err != nil {
		return nil, invalid("s3 bucket: %v", err)
	}
	uploads, err := s3blob.OpenBucket(ctx, repeating, a.host, &sealing)
	if err != nil {
		return nil, invalid("s3 bucket: %v", err)
	}
	dialect := &amazon{client: once, bucket: a.host, sealing: sealing}
	return &blobs{
		dialect:  dialect,
		listing:  listing{dialect},
		keyspace: below(a.path),
		bucket:   bucket,
		uploads:  uploads,
		release: func() error {
			transport.CloseIdleConnections()
			return errors.Join(bucket.Close(), uploads.Close())
		},
	}, nil
}

// configureS3 returns the client options that the URI and the AWS
// configuration ask for, and those of the bucket: how objects are encrypted.
// Checksums behind the body are for AWS alone unless the URI asks for them:
// stores that do not know them keep the framing as content.
func configureS3(ctx context.Context, a address) (s3.Options, s3blob.Options, error) {
	query, err := url.ParseQuery(a.query)
	if err != nil {
		return s3.Options{}, s3blob.Options{}, invalid("malformed options")
	}
	endpoint := query.Get("endpoint")
	styled := query.Has("use_path_style") || query.Has("s3ForcePathStyle")
	summed := query.Has("request_checksum_calculation")
	query.Del("endpoint")

	opener := &s3blob.URLOpener{}
	bucket, err := opener.OpenBucketURL(ctx, &url.URL{Scheme: "s3", Host: a.host, RawQuery: query.Encode()})
	if err != nil {
		return s3.Options{}, s3blob.Options{}, optionError(err)
	}
	defer bucket.Close()
	var client *s3.Client
	if !bucket.As(&client) {
		panic("storage: gocloud's s3 bucket has no s3 client")
	}
	settings := client.Options()
	settings.Logger = logging.Nop{} // it would write to the standard error
	if settings.Credentials != nil {
		settings.Credentials = aws.NewCredentialsCache(credentials{settings.Credentials, new(atomic.Bool)})
	}
	err = addressS3(&settings, endpoint, styled)
	if settings.BaseEndpoint != nil && !summed {
		settings.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		opener.Options.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}
	return settings, opener.Options, err
}

// addressS3 settles endpoint, addressing style and region.
func addressS3(o *s3.Options, endpoint string, styled bool) error {
	if endpoint != "" {
		if err := checkEndpoint(endpoint); err != nil {
			return err
		}
		o.BaseEndpoint = &endpoint
	}
	if o.BaseEndpoint != nil {
		o.UsePathStyle = o.UsePathStyle || !styled
		if o.Region == "" {
			o.Region = defaultRegion
		}
	}
	if o.Region == "" {
		return invalid("no AWS region is configured: set AWS_REGION or add ?region=")
	}
	return nil
}

// optionError drops the URI that gocloud puts in front of its message.
func optionError(err error) error {
	if ended := contextError(err); ended != nil {
		return ended
	}
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return invalid("s3 options: %s", RedactText(err.Error()))
}

// credentials marks failures to find any.
type credentials struct {
	aws.CredentialsProvider
	given *atomic.Bool // some
}

func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	switch {
	case err == nil:
		c.given.Store(true)
	case ctx.Err() == nil && !c.inTrouble(err):
		return found, ErrAmazonCredentials
	}
	return found, err
}

// inTrouble tells a service that gives credentials and has no answer now from a
// refusal, and from a metadata server that is on no such machine.
func (c credentials) inTrouble(err error) bool {
	var asked *smithy.OperationError
	return errors.As(err, &asked) && (asked.ServiceID != "ec2imds" || c.given.Load()) && errors.Is(amazonKind(err), ErrTransient)
}
