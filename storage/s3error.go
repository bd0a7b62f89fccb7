package storage

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

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
	"IncompleteBody":                     ErrTransient,
	"ExpiredToken":                       ErrPermission,
	"InvalidToken":                       ErrPermission,
	"TokenRefreshRequired":               ErrPermission,
	"InvalidRange":                       errBeyond,
	"EntityTooLarge":                     ErrTooLarge,
	"NotImplemented":                     ErrUnsupported,
	"InvalidObjectState":                 ErrPermission, // archived
	"AuthorizationHeaderMalformed":       ErrInvalid,    // another region
	"PermanentRedirect":                  ErrInvalid,
	"IllegalLocationConstraintException": ErrInvalid,
}

// kind reduces an error of the AWS SDK or of the network below it. The text
// keeps the store's code and words, without addresses and secrets.
func (a *amazon) kind(err error) error {
	if ended := contextError(err); ended != nil {
		return ended
	}
	if errors.Is(err, errCredentials) {
		return fmt.Errorf("%w: %w", ErrPermission, errCredentials)
	}
	var api smithy.APIError
	var response *awshttp.ResponseError
	status := 0
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	if errors.As(err, &api) {
		return fmt.Errorf("%w: %s", codeKind(api.ErrorCode(), status), apiText(api, status))
	}
	if status >= 300 {
		return fmt.Errorf("%w: HTTP status %d", statusKind(status), status)
	}
	return networkKind(err)
}

func codeKind(code string, status int) error {
	if kind, ok := s3Codes[code]; ok {
		return kind
	}
	return statusKind(status)
}

// statusKind reduces an HTTP status; 0 is an answer that could not be read.
func statusKind(status int) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrPermission
	case status == http.StatusNotFound:
		return ErrNotExist
	case status == http.StatusPreconditionFailed:
		return ErrExist
	case status == http.StatusRequestedRangeNotSatisfiable:
		return errBeyond
	case status == http.StatusNotImplemented || status == http.StatusMethodNotAllowed:
		return ErrUnsupported
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status == http.StatusTemporaryRedirect || status == http.StatusConflict:
		return ErrTransient
	case status >= 300 && status < 500:
		return ErrInvalid
	}
	return ErrTransient
}

// apiText is the store's own short explanation on one line.
func apiText(api smithy.APIError, status int) string {
	text := fmt.Sprintf("%s %s (status %d)", api.ErrorCode(), api.ErrorMessage(), status)
	text = strings.Join(strings.Fields(redactText(text)), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// networkKind reduces what is no answer of the store. A request that was never
// sent is malformed; anything else was no refusal and may pass.
func networkKind(err error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return invalid("the store's certificate is not trusted")
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) && !wasSent(err) {
		return invalid("request: %s", redactText(operation.Err.Error()))
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	return fmt.Errorf("%w: %s", ErrTransient, redactText(err.Error()))
}

// wasSent tells whether a request reached the network.
func wasSent(err error) bool {
	var sending *smithyhttp.RequestSendError
	var answer *smithy.DeserializationError
	var response *smithyhttp.ResponseError
	return errors.As(err, &sending) || errors.As(err, &answer) || errors.As(err, &response)
}
