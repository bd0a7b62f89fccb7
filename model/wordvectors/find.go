package wordvectors

import (
	"context"
	"errors"
	"io"
	"unicode/utf8"
)

// Found is what a file holds of the words that were asked for.
type Found struct {
	Dim        int
	Vectors    map[string][]float32 // by words as the file spells them
	Near       map[string]string    // of folded words: one that the file has
	Words      int64                // in the file
	Unreadable int64                // words that are no UTF-8
	Repeated   int64                // further vectors of words in Vectors
}

// Wanted is what to look for.
type Wanted struct {
	Words  map[string]bool // exact
	Folded map[string]bool // by Fold, for hints only
}

// checkEvery is how many words pass between two looks at the context.
const checkEvery = 1 << 12

// Find reads all of r and keeps the first vector of each wanted word. Only
// their numbers are decoded.
func Find(ctx context.Context, r io.Reader, want Wanted) (*Found, error) {
	lines, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	f := &Found{Dim: lines.Dim(), Vectors: map[string][]float32{}, Near: map[string]string{}}
	for {
		if err := lines.Next(); errors.Is(err, io.EOF) {
			f.Words = lines.Words()
			return f, nil
		} else if err != nil {
			return nil, err
		}
		if lines.Words()%checkEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := f.take(lines, want); err != nil {
			return nil, err
		}
	}
}

func (f *Found) take(lines *Reader, want Wanted) error {
	word := lines.Word()
	switch {
	case !utf8.Valid(word):
		f.Unreadable++
		return nil
	case !want.Words[string(word)]:
		f.near(word, want)
		return nil
	case f.Vectors[string(word)] != nil:
		f.Repeated++
		return nil
	}
	vector := make([]float32, f.Dim)
	f.Vectors[string(word)] = vector
	return lines.Vector(vector)
}

// near remembers the first word that differs from a wanted one only in what
// Fold takes away.
func (f *Found) near(word []byte, want Wanted) {
	var room [maxFolded]byte
	folded := fold(room[:0], word)
	if len(folded) > 0 && want.Folded[string(folded)] && f.Near[string(folded)] == "" {
		f.Near[string(folded)] = string(word)
	}
}
