package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// fileErrors maps what the system says to the kinds of this package.
var fileErrors = []struct {
	system []error
	kind   error
}{
	{[]error{fs.ErrNotExist, syscall.ENOTDIR}, ErrNotExist},
	{[]error{fs.ErrExist}, ErrExist},
	{[]error{fs.ErrPermission, syscall.EROFS}, ErrPermission},
	{[]error{syscall.EIO, syscall.ESTALE, syscall.ETIMEDOUT, syscall.EAGAIN, syscall.EINTR,
		syscall.EMFILE, syscall.ENFILE, syscall.EBUSY, syscall.ENOMEM}, ErrTransient},
	{[]error{syscall.EISDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL, syscall.ENXIO}, ErrInvalid},
}

// fileError gives an error of a local file its kind. Its path is left to the
// caller; the system's own error stays within reach of errors.Is.
func fileError(err error) error {
	if err == nil || errors.Is(err, ErrTransient) { // it has its kind
		return err
	}
	cause := systemError(err)
	if kind, ok := saidTwice(cause); ok {
		return sameWords{kind, cause}
	}
	for _, row := range fileErrors {
		for _, known := range row.system {
			if errors.Is(cause, known) {
				return fmt.Errorf("%w: %w", row.kind, cause)
			}
		}
	}
	return cause
}

// systemError strips the path from err.
func systemError(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// saidTwice returns the kind whose words say all that the system says.
func saidTwice(cause error) (kind error, ok bool) {
	switch cause {
	case error(syscall.ENOENT), fs.ErrNotExist:
		return ErrNotExist, true
	case error(syscall.EACCES), error(syscall.EPERM), fs.ErrPermission:
		return ErrPermission, true
	}
	return nil, false
}

// sameWords is a system error under the words of its kind.
type sameWords struct{ kind, cause error }

func (e sameWords) Error() string   { return e.kind.Error() }
func (e sameWords) Unwrap() []error { return []error{e.kind, e.cause} }
