package torchfile

import (
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// ReadPickle reads a plain pickle. NumPy arrays come out as *NDArray.
func ReadPickle(r io.Reader, limits pickle.Limits) (pickle.Value, error) {
	v, err := pickle.Read(r, numPyHost, limits)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	return v, nil
}

// ReadNumpyArray reads a pickled NumPy array of floats, at most maxBytes long.
func ReadNumpyArray(r io.Reader, maxBytes int64) (Array, error) {
	v, err := ReadPickle(r, LimitsFor(maxBytes))
	if err != nil {
		return Array{}, err
	}
	a, ok := v.(*NDArray)
	if !ok {
		return Array{}, fmt.Errorf("torchfile: the pickle holds a %s, no ndarray", pickle.Kind(v))
	}
	return a.Array()
}

// ReadStringList reads a pickled list or tuple of strings, at most maxBytes
// long.
func ReadStringList(r io.Reader, maxBytes int64) ([]string, error) {
	v, err := ReadPickle(r, LimitsFor(maxBytes))
	if err != nil {
		return nil, err
	}
	return Strings(v)
}

// ReadIntStringDict reads a pickled dict from integers to strings, at most
// maxBytes long.
func ReadIntStringDict(r io.Reader, maxBytes int64) (map[int]string, error) {
	v, err := ReadPickle(r, LimitsFor(maxBytes))
	if err != nil {
		return nil, err
	}
	return IntStrings(v)
}

// LimitsFor are limits of a plain pickle of at most maxBytes. They allow for
// numbers that are written as text, which old protocols do.
func LimitsFor(maxBytes int64) pickle.Limits {
	return pickle.Limits{InputBytes: maxBytes, StringBytes: maxBytes, AllocBytes: 16<<20 + 4*maxBytes}
}

// Strings converts a list or tuple of strings, which must be UTF-8.
func Strings(v pickle.Value) ([]string, error) {
	var items []pickle.Value
	switch l := v.(type) {
	case *pickle.List:
		items = l.Items
	case pickle.Tuple:
		items = l
	default:
		return nil, fmt.Errorf("torchfile: a %s, no list of strings", pickle.Kind(v))
	}
	list := make([]string, len(items))
	for i, item := range items {
		s, err := utf8String(item)
		if err != nil {
			return nil, fmt.Errorf("torchfile: item %d of the list is %w", i, err)
		}
		list[i] = s
	}
	return list, nil
}

// IntStrings converts a dict from integers to strings, which must be UTF-8.
func IntStrings(v pickle.Value) (map[int]string, error) {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("torchfile: a %s, no dict from integers to strings", pickle.Kind(v))
	}
	m := make(map[int]string, d.Len())
	for k, item := range d.All() {
		n, ok := k.(int64)
		if !ok {
			return nil, fmt.Errorf("torchfile: a key of the dict is a %s, no integer", pickle.Kind(k))
		}
		s, err := utf8String(item)
		if err != nil {
			return nil, fmt.Errorf("torchfile: entry %d of the dict is %w", n, err)
		}
		m[int(n)] = s
	}
	return m, nil
}

func utf8String(v pickle.Value) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("a %s, no string", pickle.Kind(v))
	}
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%.40q, no UTF-8", s)
	}
	return s, nil
}
