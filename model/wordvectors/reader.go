package wordvectors

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

var (
	// ErrFormat says that a file holds no text vectors.
	ErrFormat = errors.New("no text vectors")
	// ErrDamaged says that text vectors break off, in a line or before all words
	// that their header promises, or have a value that is no finite number.
	ErrDamaged = errors.New("damaged text vectors")
)

const (
	maxLineBytes = 1 << 20
	maxDim       = 1 << 14
)

// Reader reads the lines of one file. It belongs to one goroutine.
type Reader struct {
	in       *bufio.Reader
	dim      int
	line     int64 // number of the current line, from 1
	words    int64 // lines with a word until here
	promised int64 // words that the header tells of; -1: no header

	word, numbers []byte // of the current line
}

// NewReader tells the dimension: the header's, or else the one that most of the
// first lines have. What holds no text vectors is ErrFormat; errors of r stay
// what they are.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, maxLineBytes)
	head, err := in.Peek(maxLineBytes)
	if err != nil && err != io.EOF {
		return nil, err
	}
	v := &Reader{in: in, promised: -1}
	if bytes.HasPrefix(head, byteOrderMark) {
		head = head[len(byteOrderMark):]
		_, _ = in.Discard(len(byteOrderMark))
	}
	first, rest, _ := bytes.Cut(head, newline)
	if v.promised, v.dim = header(first); v.dim > 0 {
		v.line = 1
		_, _ = in.Discard(len(head) - len(rest))
	} else {
		v.dim = commonDim(head, err == io.EOF)
	}
	return v, v.checkDim()
}

var (
	byteOrderMark = []byte("\ufeff")
	newline       = []byte("\n")
)

func (r *Reader) checkDim() error {
	switch {
	case r.dim == 0:
		return fmt.Errorf("%w: no line begins with a word and goes on with numbers", ErrFormat)
	case r.dim > maxDim:
		return fmt.Errorf("%w: dimension %d, want at most %d", ErrFormat, r.dim, maxDim)
	}
	return nil
}

// header reads "words dim"; dim is 0 for any other line.
func header(line []byte) (words int64, dim int) {
	texts := fields(line)
	if len(texts) != 2 {
		return -1, 0
	}
	words, err1 := strconv.ParseInt(string(texts[0]), 10, 64)
	dim, err2 := strconv.Atoi(string(texts[1]))
	if err1 != nil || err2 != nil || words < 0 || dim < 1 {
		return -1, 0
	}
	return words, dim
}

// sampled are the lines by which a dimension is told: a word may end in a
// number of its own ("route 66"), but most do not.
const sampled = 64

// commonDim is how many numbers most of the first lines end with, the least of
// these where several are as common; 0 where there are none. The last line
// counts only where it is whole.
func commonDim(head []byte, whole bool) int {
	counts := map[int]int{}
	best := 0
	for range sampled {
		line, rest, ended := bytes.Cut(head, newline)
		if !ended && !whole {
			break
		}
		if n := trailing(line); n > 0 {
			counts[n]++
			if counts[n] > counts[best] || counts[n] == counts[best] && n < best {
				best = n
			}
		}
		head = rest
	}
	return best
}

// Dim is the number of values of each vector.
func (r *Reader) Dim() int { return r.dim }

// Next goes to the next word; io.EOF ends the file. Blank lines are passed
// over.
func (r *Reader) Next() error {
	for {
		text, err := r.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("%w: line %d has more than %d bytes", ErrFormat, r.line+1, maxLineBytes)
		}
		if len(text) == 0 && err == io.EOF {
			return r.end()
		}
		if err != nil && err != io.EOF {
			return err
		}
		r.line++
		if len(bytes.TrimSpace(text)) > 0 {
			return r.take(text)
		}
	}
}

func (r *Reader) take(text []byte) (err error) {
	var ok bool
	if r.word, r.numbers, ok = split(text, r.dim); !ok {
		return fmt.Errorf("%w: line %d has %d values, want %d", ErrDamaged, r.line, max(0, len(fields(text))-1), r.dim)
	}
	r.words++
	return nil
}

func (r *Reader) end() error {
	if r.words < r.promised {
		return fmt.Errorf("%w: %d words, the header tells of %d", ErrDamaged, r.words, r.promised)
	}
	return io.EOF
}

// Word is the word of the current line. It is valid until Next.
func (r *Reader) Word() []byte { return r.word }

// Vector decodes the values of the current line into dst, which has room for
// Dim. Values that are no finite numbers are ErrDamaged.
func (r *Reader) Vector(dst []float32) error {
	if err := parse(dst, r.numbers); err != nil {
		return fmt.Errorf("%w: line %d, the vector of %.80q: %w", ErrDamaged, r.line, r.word, err)
	}
	return nil
}

// Words counts the words until here.
func (r *Reader) Words() int64 { return r.words }
