package pickle

import (
	"errors"
	"fmt"
)

// builtins are the globals of Python's own library that are read.
var builtins = map[Global]func(*machine, Tuple) (Value, error){
	{"collections", "OrderedDict"}: (*machine).newDict,
	{"collections", "defaultdict"}: (*machine).newDefaultDict,
	{"builtins", "dict"}:           (*machine).newDict,
	{"__builtin__", "dict"}:        (*machine).newDict,
	{"builtins", "list"}:           (*machine).newList,
	{"__builtin__", "list"}:        (*machine).newList,
	{"builtins", "set"}:            (*machine).callSet,
	{"__builtin__", "set"}:         (*machine).callSet,
	{"builtins", "frozenset"}:      (*machine).callSet,
	{"__builtin__", "frozenset"}:   (*machine).callSet,
	{"builtins", "bytearray"}:      (*machine).newBytes,
	{"__builtin__", "bytearray"}:   (*machine).newBytes,
	{"builtins", "bytes"}:          (*machine).newBytes,
	{"__builtin__", "bytes"}:       (*machine).newBytes,
	{"_codecs", "encode"}:          (*machine).newBytes,
}

// items returns the members of an optional single argument.
func items(args Tuple) ([]Value, error) {
	if len(args) == 0 {
		return nil, nil
	}
	if len(args) == 1 {
		switch v := args[0].(type) {
		case *List:
			return v.Items, nil
		case Tuple:
			return v, nil
		}
	}
	return nil, fmt.Errorf("a container made from %d arguments, the first a %s", len(args), Kind(args[0]))
}

// newDict reads OrderedDict() and OrderedDict([[key, value], …]).
func (m *machine) newDict(args Tuple) (Value, error) {
	pairs, err := items(args)
	if err != nil {
		return nil, err
	}
	d := &Dict{}
	for _, p := range pairs {
		pair, err := items(Tuple{p})
		if err != nil || len(pair) != 2 {
			return nil, fmt.Errorf("a dict entry that is a %s, not a pair", Kind(p))
		}
		if err := m.insert(d, pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// newDefaultDict drops the factory, which nothing here would call.
func (m *machine) newDefaultDict(args Tuple) (Value, error) {
	return m.newDict(args[min(1, len(args)):])
}

func (m *machine) newList(args Tuple) (Value, error) {
	members, err := items(args)
	if err != nil {
		return nil, err
	}
	l := &List{}
	return l, m.extend(l, members)
}

func (m *machine) callSet(args Tuple) (Value, error) {
	members, err := items(args)
	if err != nil {
		return nil, err
	}
	return m.newSet(members)
}

// newBytes reads bytes as protocols below 3 write them: text and the encoding
// that gives the bytes.
func (m *machine) newBytes(args Tuple) (Value, error) {
	if len(args) == 0 {
		return Bytes{}, nil
	}
	switch v := args[0].(type) {
	case Bytes:
		return v, nil
	case string:
		return m.encode(v, args[1:])
	}
	return nil, fmt.Errorf("bytes made from a %s", Kind(args[0]))
}

func (m *machine) encode(text string, encoding Tuple) (Value, error) {
	if len(encoding) == 0 {
		return nil, errors.New("text is encoded to bytes, but no encoding is named")
	}
	name, _ := encoding[0].(string)
	if err := m.charge(objectCost + len(text)); err != nil {
		return nil, err
	}
	switch name {
	case "latin1", "latin-1", "iso-8859-1":
		return latin1(text)
	case "utf-8", "utf8", "ascii":
		return Bytes(text), nil
	}
	return nil, fmt.Errorf("encoding %.40q is not known", name)
}

func latin1(text string) (Value, error) {
	out := make(Bytes, 0, len(text))
	for i, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("character %d of a latin-1 text is beyond latin-1", i)
		}
		out = append(out, byte(r))
	}
	return out, nil
}
