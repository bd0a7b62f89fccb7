// Package jsonvalue passes over parts of JSON files that are too large to hold.
package jsonvalue

import (
	"encoding/json"
	"fmt"
)

// maxDepth bounds lists within lists: each takes memory until it ends.
const maxDepth = 10_000

// ErrDepth says that lists and objects are nested too deep.
var ErrDepth = fmt.Errorf("lists and objects are more than %d deep", maxDepth)

// Skip passes over one value of any size, token by token, in constant memory. An
// error of next comes back as it is.
func Skip(next func() (json.Token, error)) error {
	for depth := 0; ; {
		token, err := next()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > maxDepth:
			return ErrDepth
		}
	}
}
