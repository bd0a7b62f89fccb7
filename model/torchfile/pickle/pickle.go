// Package pickle reads Python pickles, protocols 0 to 5, without running
// anything they ask for.
//
// A pickle is a program for a small stack machine that may import and call any
// Python object. This reader keeps an allow-list: a few containers of Python's
// own library, and the globals that a Host answers for. Every other global, and
// whatever a pickle does with it, stays an Opaque value. Each resource that a
// pickle can use is capped by Limits, so that a short hostile one costs no more
// than an honest one.
package pickle

import (
	"errors"
	"fmt"
	"io"
)

// ErrEnd says that the bytes end before the pickle does.
var ErrEnd = errors.New("the pickle ends")

// A Host answers for globals and persistent ids beyond Python's own. A nil
// function answers for none. Both may be called with hostile values; a call
// costs the pickle a flat amount of its memory allowance, so a Host must bound
// what it allocates in one call to less than a kilobyte.
type Host struct {
	// Call makes the value that calling g with args gives; known is false for
	// a global that the host does not read.
	Call func(g Global, args Tuple) (v Value, known bool, err error)
	// Persistent makes the value that a persistent id stands for.
	Persistent func(id Value) (Value, error)
}

// Builder is a value made by a Host that takes a pickled state. Where a Host's
// value is a fmt.Stringer, too, its text is its kind in error messages.
type Builder interface {
	Build(state Value) error
}

// Load runs the first pickle in data and returns its value and its length in
// bytes. Bytes values alias data. The value may refer to itself; whoever walks
// it must bound the walk. An error names the byte and the opcode it arose at; it
// is ErrEnd where more bytes could be a pickle.
func Load(data []byte, host Host, limits Limits) (Value, int, error) {
	limits = limits.withDefaults()
	if int64(len(data)) > limits.InputBytes {
		return nil, 0, fmt.Errorf("pickle: %d bytes exceed the limit of %d", len(data), limits.InputBytes)
	}
	m := &machine{data: data, host: host, limits: limits, memo: map[uint64]Value{}}
	v, err := m.run()
	if err != nil {
		return nil, m.pos, fmt.Errorf("pickle: %w", err)
	}
	return v, m.pos, nil
}

// Read is Load on all of r, of which it reads no more than limits.InputBytes.
func Read(r io.Reader, host Host, limits Limits) (Value, error) {
	limits = limits.withDefaults()
	data, err := io.ReadAll(io.LimitReader(r, limits.InputBytes))
	if err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	if int64(len(data)) == limits.InputBytes {
		if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 {
			return nil, fmt.Errorf("pickle: more than %d bytes", limits.InputBytes)
		}
	}
	v, _, err := Load(data, host, limits)
	return v, err
}
