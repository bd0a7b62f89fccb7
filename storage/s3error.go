package storage

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Codes maps the error codes whose HTTP status would mislead.
var s3Codes = map[string]error{
	"NoSuchBucket":                       ErrNoBucket,
	"NoSuchKey":                          ErrNotExist,
	"NotFound":                           ErrNotExist,
	"PreconditionFailed":                 ErrExist,
	"ConditionalRequestConflict":         ErrTransient,
	"OperationAborted":                   ErrTransient,
	"RequestTimeout":                     ErrTransient,
	"SlowDown":                           ErrTransient,
	"BadDigest":                          ErrTransient,
	"XAmzContentSHA256Mismatch":          ErrTransient,
	"XAmzContentChecksumMismatch":        ErrTransient,
	"MalformedXML":                       ErrTransient, // of a request that was garbled on its way
	"InvalidPart":                        ErrTransient, // of an upload to be begun anew
	"NoSuchUpload":                       fmt.Errorf("%w: %w", ErrNotExist, errNoUpload),
	"IncompleteBody":                     ErrTransient,
	"RequestTimeTooSkewed":               ErrTransient, // the client has learnt the store's time
	"ExpiredToken":                       ErrAmazonCredentials,
	"InvalidToken":                       ErrAmazonCredentials,
	"TokenRefreshRequired":               ErrAmazonCredentials,
	"InvalidAccessKeyId":                 ErrAmazonCredentials,
	"XAdminUserNotFound":                 ErrAmazonCredentials, // the same of versitygw
	"SignatureDoesNotMatch":              fmt.Errorf("%w: %w", ErrAmazonCredentials, ErrRefused),
	"InvalidRange":                       errBeyond,
	"EntityTooLarge":                     ErrTooLarge,
	"NotImplemented":                     ErrUnsupported,
	"ObjectParentIsFile":                 ErrInvalid, // a gateway to POSIX files
	"ExistingObjectIsDirectory":          ErrInvalid,
	"InvalidObjectState":                 ErrPermission, // archived
	"AuthorizationHeaderMalformed":       errElsewhere,  // another region
	"PermanentRedirect":                  errElsewhere,
	"IllegalLocationConstraintException": errElsewhere,
}

// kind reduces an error of the AWS SDK or of the network below it. The text
// keeps the store's code and words, without addresses and secrets.
func (a *amazon) kind(err error) error { return amazonKind(err) }

func amazonKind(err error) error {
	if ended := contextError(err); ended != nil {
		return ended
	}
	if errors.Is(err, ErrAmazonCredentials) {
		return ErrAmazonCredentials
	}
	var api smithy.APIError
	var response *awshttp.ResponseError
	status, header := 0, http.Header(nil)
	if errors.As(err, &response) {
		status, header = response.HTTPStatusCode(), response.Response.Header
	}
	if errors.As(err, &api) {
		return retryLater(fmt.Errorf("%w: %s", codeKind(api.ErrorCode(), status), apiText(api, status)), header)
	}
	if status >= 300 {
		return retryLater(fmt.Errorf("%w: HTTP status %d", statusKind(status), status), header)
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) && !wasSent(err) && !untrusted(err) {
		return invalid("request: %s", RedactText(operation.Err.Error()))
	}
	return networkKind(err)
}

func codeKind(code string, status int) error {
	if kind, ok := s3Codes[code]; ok {
		return kind
	}
	if _, ok := retry.DefaultThrottleErrorCodes[strings.TrimPrefix(code, "KMS.")]; ok { // the key service's, with status 400
		return ErrTransient
	}
	return statusKind(status)
}

// apiText is the store's own short explanation on one line.
func apiText(api smithy.APIError, status int) string {
	return oneLine("%s %s (status %d)", api.ErrorCode(), api.ErrorMessage(), status)
}

// wasSent tells whether a request reached the network.
func wasSent(err error) bool {
	var sending *smithyhttp.RequestSendError
	var answer *smithy.DeserializationError
	var response *smithyhttp.ResponseError
	return errors.As(err, &sending) || errors.As(err, &answer) || errors.As(err, &response)
}
