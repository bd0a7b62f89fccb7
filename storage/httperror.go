package storage

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

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

// oneLine is a store's own explanation, redacted and cut, on one line.
func oneLine(format string, args ...any) string {
	text := strings.Join(strings.Fields(redactText(fmt.Sprintf(format, args...))), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// networkKind reduces what is no answer of the store: no refusal either, so
// that it may pass.
func networkKind(err error) error {
	if untrusted(err) {
		return invalid("the store's certificate is not trusted")
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	return fmt.Errorf("%w: %s", ErrTransient, oneLine("%v", err))
}

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}
