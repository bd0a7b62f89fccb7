package model

import (
	"errors"
	"fmt"
	"strings"
)

// Kinds of error; test with errors.Is. Errors of the store keep their own kind.
var (
	// ErrMismatch says that parts which are sound do not belong together:
	// another dimension, a foreign label space.
	ErrMismatch = errors.New("mismatch")
	// ErrForeign is the ErrMismatch of a vocabulary that may still be forced
	// upon a model.
	ErrForeign = fmt.Errorf("%w: foreign label space", ErrMismatch)
	// ErrCorrupt says that bytes are not those that were written: a wrong
	// digest or length, a truncated checkpoint.
	ErrCorrupt = errors.New("corrupt")
	// ErrInvalid says that a description, vocabulary or option breaks a rule.
	ErrInvalid = errors.New("invalid")
	// ErrNoVector is the ErrInvalid of tags that a file of vectors does not have.
	ErrNoVector = fmt.Errorf("%w vocabulary: tags without a vector", ErrInvalid)
	// ErrDuplicateTag is the ErrInvalid of tags that are listed twice.
	ErrDuplicateTag = fmt.Errorf("%w vocabulary: duplicate tags", ErrInvalid)
)

// maxProblems bounds how many problems one error spells out.
const maxProblems = 12

// problems gathers what is wrong with one value, so that all of it is told at
// once.
type problems struct {
	found []string
	total int
}

func (p *problems) addf(format string, args ...any) {
	if p.total++; p.total <= maxProblems {
		p.found = append(p.found, fmt.Sprintf(format, args...))
	}
}

// err returns nil, or an ErrInvalid about subject.
func (p *problems) err(subject string) error {
	if p.total == 0 {
		return nil
	}
	text := strings.Join(p.found, "; ")
	if more := p.total - len(p.found); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%w %s: %s", ErrInvalid, subject, text)
}
