package storage

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// webStatus reduces the status of an answer; nil for a body.
func webStatus(status int) error {
	var kind error
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo:
		return nil
	case http.StatusNotFound, http.StatusGone:
		kind = ErrNotExist
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusUnavailableForLegalReasons:
		kind = ErrPermission
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		kind = ErrTransient
	default:
		kind = ErrInvalid
		if status > 505 { // of no standard; they come from proxies in front of a host
			kind = ErrTransient
		}
	}
	return fmt.Errorf("%w: HTTP status %d", kind, status)
}

// webKinds are errors that pass through the client and say all.
var webKinds = []error{ErrNotAllowed, ErrInvalid, ErrTransient, ErrTooLarge}

// webError reduces an error of the client or of a body under ctx. The text has
// no address in it.
func webError(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var address *url.Error
	for errors.As(err, &address) {
		err = address.Err
	}
	if slices.ContainsFunc(webKinds, func(kind error) bool { return errors.Is(err, kind) }) {
		return bare(err)
	}
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &certificate):
		return invalid("the host's certificate is not trusted")
	case errors.As(err, &name) && name.IsNotFound:
		return ErrNoHost
	case errors.As(err, &name):
		return fmt.Errorf("%w: the name of the host could not be resolved", ErrTransient)
	}
	return fmt.Errorf("%w: %s", ErrTransient, networkText(err))
}

// bare drops what the dialer says around a refusal, the address above all.
func bare(err error) error {
	var operation *net.OpError
	for errors.As(err, &operation) {
		err = operation.Err
	}
	return err
}

// networkText tells what the network said, without addresses.
func networkText(err error) string {
	var operation *net.OpError
	if errors.As(err, &operation) {
		if operation.Timeout() {
			return operation.Op + ": no answer in time"
		}
		return operation.Op + ": " + bare(operation).Error()
	}
	return RedactText(err.Error())
}
