package storage

import (
	"context"
	"errors"
	"fmt"
)

// Every error of this package wraps one of these or the error of the caller's
// context; local files keep their system error beside it.
var (
	// ErrNotExist: no such object, or no such bucket.
	ErrNotExist = errors.New("does not exist")
	// ErrExist: an object of that name with other content is there already.
	ErrExist = errors.New("exists already")
	// ErrPermission: the store knows the caller and refuses, or no usable
	// credentials were found, or the URI is outside the allowed folders.
	ErrPermission = errors.New("permission denied")
	// ErrTransient: the store did not answer as it should, after all retries.
	ErrTransient = errors.New("storage is unavailable")
	// ErrTooLarge: the object holds more bytes than the caller accepts.
	ErrTooLarge = errors.New("too large")
	// ErrFull: a local disk, or the caller's quota of it, takes no more.
	ErrFull = errors.New("no room left")
	// ErrInvalid: a malformed name or option, or something that is no object.
	ErrInvalid = errors.New("invalid")
	// ErrUnsupported: the store cannot do this, or no driver is built in.
	ErrUnsupported = errors.New("not supported")
	// ErrChanged: the object became another one between two reads.
	ErrChanged = errors.New("changed while it was read")
)

// ErrNotAllowed: an image of the web that may not be read: such images are off,
// the host is not among those that are allowed, or its address is not public.
var ErrNotAllowed = errors.New("not allowed")

// ErrNoHost is the ErrNotExist of a web host that has no address.
var ErrNoHost = fmt.Errorf("no such host: %w", ErrNotExist)

// ErrCredentials is the ErrPermission of credentials that were not found, or
// that the vendor does not know or no longer takes, whatever object they are for;
// each vendor has one of its own.
var (
	ErrCredentials       = fmt.Errorf("%w: no usable credentials", ErrPermission)
	ErrAmazonCredentials = fmt.Errorf("%w of AWS", ErrCredentials)
	ErrGoogleCredentials = fmt.Errorf("%w of Google", ErrCredentials)
	ErrAzureCredentials  = fmt.Errorf("%w of Azure", ErrCredentials)
)

// ErrUnsynced is found beside the ErrTransient of names on a local disk that are
// there and may be gone after a loss of power. It is not tried again.
var ErrUnsynced = errors.New("not durable")

// ErrReplaced is found beside the ErrTransient of a write that the store took,
// where the object that is there then has another length, or none is there: the
// store lost it, or another writer came right after.
var ErrReplaced = errors.New("another object is there")

// ErrRefused is found beside a vendor's ErrCredentials where the store may take the
// same credentials for another object: the secret is wrong or the network not
// let in, or something on the way spells this one name in another way, so that
// its signature does not match.
var ErrRefused = errors.New("refused")

// ErrSettings is found beside the ErrInvalid of what was configured for a store of
// many objects, by options or by the environment, rather than of one name.
var ErrSettings = errors.New("settings of a store")

// ErrNoBucket is the ErrNotExist of a bucket, where the store says so.
var ErrNoBucket = fmt.Errorf("no such bucket: %w", ErrNotExist)

// errNoUpload is found beside the error of an upload in parts that the store does
// not know, or no longer: it was given up, or has ended and the answer was lost.
var errNoUpload = errors.New("no such upload")

// wrapOp adds an operation and a URI to err; uri must be redacted. nil stays nil.
func wrapOp(op, uri string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", op, uri, err)
}

// invalid reports a malformed name or option; the text must hold no secret.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// contextError returns the context's error within err, nil where there is none.
func contextError(err error) error {
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return ended
		}
	}
	return nil
}
