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
	case status >= 300 && status < 400: // to whatever object: the store is elsewhere
		return errElsewhere
	case status >= 400 && status < 500:
		return ErrInvalid
	}
	return ErrTransient
}

// oneLine is a store's own explanation, redacted and cut, on one line.
func oneLine(format string, args ...any) string {
	text := strings.Join(strings.Fields(RedactText(fmt.Sprintf(format, args...))), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// errElsewhere is what a store says that is asked at the wrong place.
var errElsewhere = fmt.Errorf("%w: %w", ErrSettings, ErrInvalid)

// errForeign is an answer that comes from something else than the store, or that
// is not all there.
var errForeign = fmt.Errorf("%w: this is no answer of the store", ErrTransient)

// networkKind reduces what is no answer of the store: no refusal either, so
// that it may pass.
func networkKind(err error) error {
	if untrusted(err) {
		return fmt.Errorf("%w: the store's certificate is not trusted", errElsewhere)
	}
	if errors.Is(err, errForeign) || errors.Is(err, errCorrupt) {
		return err
	}
	if corrupt(err) {
		return errCorrupt
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
