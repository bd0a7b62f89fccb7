package pickle

import (
	"fmt"
	"math/big"
	"strconv"
)

// Value is one unpickled value: nil for None, bool, int64, *big.Int beyond 64
// bits, float64, string, Bytes, Tuple, *List, *Dict, *Set, Global, *Opaque, or
// what a Host made. Strings hold the bytes of the file; they may be no UTF-8.
type Value any

// Bytes is a bytes or bytearray value; it aliases the pickle.
type Bytes []byte

// Tuple is a Python tuple.
type Tuple []Value

// List is a Python list.
type List struct{ Items []Value }

// Global names an object of a Python module. It is a name only.
type Global struct{ Module, Name string }

// String returns module.name, shortened and quoted where it is not plain text.
func (g Global) String() string {
	full := g.Module + "." + g.Name
	if len(full) > 120 {
		full = full[:120] + "…"
	}
	if quoted := strconv.Quote(full); quoted != `"`+full+`"` {
		return quoted
	}
	return full
}

// Opaque stands for a value that only running foreign code could make. Origin
// says what that is: a global, mostly.
type Opaque struct{ Origin string }

// Kind names the Python type of v for error messages.
func Kind(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Bytes:
		return "bytes"
	case Tuple:
		return "tuple"
	case *List:
		return "list"
	case *Dict:
		return "dict"
	case *Set:
		return "set"
	case Global:
		return "global " + v.String()
	case *Opaque:
		return "value of " + v.Origin + " (never run)"
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprintf("%T", v)
}
