package pickle

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/big"
)

// Dict is a Python dict in insertion order. The zero value is empty.
type Dict struct {
	keys, values []Value
	index        map[any]int
}

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.keys) }

// Get returns the value under key; key is a string, integer or the like.
func (d *Dict) Get(key Value) (Value, bool) {
	k, err := comparableKey(key)
	if err != nil {
		return nil, false
	}
	i, ok := d.index[k]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// All yields the entries in the order of the file.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for i, k := range d.keys {
			if !yield(k, d.values[i]) {
				return
			}
		}
	}
}

func (d *Dict) set(key, value Value) error {
	k, err := comparableKey(key)
	if err != nil {
		return err
	}
	if i, ok := d.index[k]; ok {
		d.values[i] = value
		return nil
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[k] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, value)
	return nil
}

// Set is a Python set or frozenset in insertion order.
type Set struct{ entries Dict }

// Items returns the members; the caller must not change them.
func (s *Set) Items() []Value { return s.entries.keys }

// Contains reports whether v is a member.
func (s *Set) Contains(v Value) bool {
	_, ok := s.entries.Get(v)
	return ok
}

type (
	noneKey  struct{}
	bytesKey string
	tupleKey string
	bigKey   struct {
		sign      int
		magnitude string
	}
)

// comparableKey maps values that Python holds equal to one Go map key.
func comparableKey(v Value) (any, error) {
	switch v := v.(type) {
	case nil:
		return noneKey{}, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
		return v, nil
	case *big.Int:
		return bigKey{v.Sign(), string(v.Bytes())}, nil
	case Bytes:
		return bytesKey(v), nil
	case Tuple:
		return keyOfTuple(v)
	case int64, string, Global, *Opaque:
		return v, nil
	}
	return nil, fmt.Errorf("unhashable %s as a key", Kind(v))
}

// maxKeyBytes bounds the text of a tuple key: nested tuples that share their
// parts unfold without end.
const maxKeyBytes = 4096

func keyOfTuple(t Tuple) (any, error) {
	k := tupleKeyWriter{}
	if err := k.tuple(t); err != nil {
		return nil, err
	}
	return tupleKey(k.text), nil
}

type tupleKeyWriter struct{ text []byte }

func (w *tupleKeyWriter) tuple(t Tuple) error {
	w.text = append(w.text, '(')
	for _, v := range t {
		if err := w.part(v); err != nil {
			return err
		}
	}
	w.text = append(w.text, ')')
	return nil
}

func (w *tupleKeyWriter) part(v Value) error {
	if len(w.text) > maxKeyBytes || keyCost(v) > maxKeyBytes {
		return errors.New("a tuple key is too large")
	}
	if t, ok := v.(Tuple); ok {
		return w.tuple(t)
	}
	k, err := comparableKey(v)
	switch k := k.(type) {
	case *Opaque:
		w.text = fmt.Appendf(w.text, "%p,", k)
	case Global:
		w.text = fmt.Appendf(w.text, "%q.%q,", k.Module, k.Name)
	default:
		w.text = fmt.Appendf(w.text, "%T:%q,", k, fmt.Sprint(k))
	}
	return err
}

// keyCost estimates what indexing key costs: long keys are copied and hashed.
func keyCost(key Value) int {
	switch k := key.(type) {
	case string:
		return entryCost + len(k)
	case Bytes:
		return entryCost + len(k)
	case Global:
		return entryCost + len(k.Module) + len(k.Name)
	case *big.Int:
		return entryCost + maxLongBytes
	case Tuple:
		return tupleKeyCost
	}
	return entryCost
}
