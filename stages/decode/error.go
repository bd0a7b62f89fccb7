package decode

import "fmt"

// The codes of rejected images. They are stored in tables, so a code never
// changes its name or its meaning.
const (
	CodeEmpty             = "empty"              // no bytes
	CodeTooManyBytes      = "too_many_bytes"     // over Limits.MaxBytes
	CodeUnknownFormat     = "unknown_format"     // the content is no image format we know
	CodeUnsupportedFormat = "unsupported_format" // a known format or variant that is not decoded
	CodeTooManyPixels     = "too_many_pixels"    // over Limits.MaxPixels or Limits.MaxSide
	CodeTruncated         = "truncated"          // the image ends early
	CodeCorrupt           = "corrupt"            // the image contradicts its format
	CodeTimeout           = "timeout"            // over Limits.Timeout
	CodePanic             = "panic"              // a decoder gave up in a way it should not have
)

// Codes lists every code that an Error can carry.
var Codes = []string{
	CodeEmpty, CodeTooManyBytes, CodeUnknownFormat, CodeUnsupportedFormat, CodeTooManyPixels,
	CodeTruncated, CodeCorrupt, CodeTimeout, CodePanic,
}

// Error says why an image was not decoded. It describes the image, not the job:
// decoding the same bytes again gives the same code, CodeTimeout apart.
type Error struct {
	Code    string // one of the Code constants
	Message string // for people
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
