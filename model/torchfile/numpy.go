package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// Array is a float32 array in row-major order.
type Array = tensor.Tensor

// NDArray is a pickled NumPy array. Its numbers are decoded on demand.
type NDArray struct {
	shape   []int
	dtype   *dtype
	fortran bool
	data    pickle.Value // Bytes or string where the numbers can be read
}

func (*NDArray) String() string { return "ndarray" }

// Shape returns the shape as the file gives it.
func (a *NDArray) Shape() []int { return slices.Clone(a.shape) }

// Array decodes the numbers, which must be floating point, into row-major
// order. float64 numbers are rounded.
func (a *NDArray) Array() (Array, error) {
	if a.dtype == nil {
		return Array{}, errors.New("torchfile: an ndarray without contents")
	}
	if !a.dtype.kind.IsFloat() {
		return Array{}, fmt.Errorf("torchfile: an ndarray of dtype %.40q, no float16, float32 or float64", a.dtype.code)
	}
	data, err := a.bytes()
	if err != nil {
		return Array{}, err
	}
	values := make([]float32, len(data)/a.dtype.kind.Size())
	a.dtype.kind.Floats(values, data, a.dtype.order)
	if stride := fortranStride(a.shape); a.fortran && !rowMajor(a.shape, stride) {
		values = gather(values, a.shape, stride, len(values))
	}
	return Array{Shape: slices.Clone(a.shape), Values: values}, nil
}

// bytes returns the stored numbers, of exactly the size that the shape asks for.
func (a *NDArray) bytes() ([]byte, error) {
	var data []byte
	switch d := a.data.(type) {
	case pickle.Bytes:
		data = d
	case string:
		data = []byte(d)
	default:
		return nil, fmt.Errorf("torchfile: an ndarray whose numbers are a %s", pickle.Kind(a.data))
	}
	count, ok := elementCount(a.shape)
	if size := a.dtype.kind.Size(); !ok || len(data)%size != 0 || len(data)/size != count {
		return nil, fmt.Errorf("torchfile: an ndarray of shape %v and dtype %s with %d bytes", a.shape, a.dtype.code, len(data))
	}
	return data, nil
}

// Build takes the state (version, shape, dtype, is Fortran, data).
func (a *NDArray) Build(state pickle.Value) error {
	t, ok := state.(pickle.Tuple)
	if !ok || len(t) != 5 {
		return fmt.Errorf("the state of an ndarray is a %s", pickle.Kind(state))
	}
	if a.dtype, ok = t[2].(*dtype); !ok {
		return fmt.Errorf("the dtype of an ndarray is a %s", pickle.Kind(t[2]))
	}
	a.fortran, a.data = t[3] == true || t[3] == int64(1), t[4]
	shape, err := dims(t[1])
	a.shape = shape
	return err
}

// dtype is the type of an array's numbers.
type dtype struct {
	code  string
	kind  element.Type
	order binary.ByteOrder
}

func (*dtype) String() string { return "dtype" }

var dtypeKinds = map[string]element.Type{
	"f2": element.Float16, "f4": element.Float32, "f8": element.Float64,
	"i1": element.Int8, "i2": element.Int16, "i4": element.Int32, "i8": element.Int64,
	"u1": element.Uint8, "b1": element.Bool,
}

// newDtype reads dtype('f4', align, copy).
func newDtype(args pickle.Tuple) (pickle.Value, error) {
	if len(args) == 0 {
		return nil, errors.New("a dtype made from nothing")
	}
	code, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("a dtype made from a %s", pickle.Kind(args[0]))
	}
	d := &dtype{code: code, kind: dtypeKinds[strings.TrimLeft(code, "<>=|")], order: binary.LittleEndian}
	d.setOrder(code[:min(1, len(code))])
	return d, nil
}

// Build takes the state (version, byte order, …).
func (d *dtype) Build(state pickle.Value) error {
	t, ok := state.(pickle.Tuple)
	if !ok || len(t) < 2 {
		return fmt.Errorf("the state of a dtype is a %s", pickle.Kind(state))
	}
	order, ok := t[1].(string)
	if !ok {
		return fmt.Errorf("the byte order of a dtype is a %s", pickle.Kind(t[1]))
	}
	d.setOrder(order)
	return nil
}

func (d *dtype) setOrder(mark string) {
	switch mark {
	case "<":
		d.order = binary.LittleEndian
	case ">":
		d.order = binary.BigEndian
	}
}

var numPyHost = pickle.Host{Call: callNumPy}

// callNumPy makes arrays and dtypes.
func callNumPy(g pickle.Global, args pickle.Tuple) (v pickle.Value, known bool, err error) {
	switch strings.Replace(g.Module, "numpy._core", "numpy.core", 1) + "." + g.Name {
	case "numpy.dtype":
		v, err = newDtype(args)
	case "numpy.core.multiarray._reconstruct":
		if len(args) == 0 || args[0] != pickle.Value(pickle.Global{Module: "numpy", Name: "ndarray"}) {
			return nil, false, nil
		}
		v = &NDArray{}
	case "numpy.core.numeric._frombuffer":
		v, err = fromBuffer(args)
	default:
		return nil, false, nil
	}
	return v, true, err
}

// fromBuffer reads (data, dtype, shape, order), as protocol 5 writes an array.
func fromBuffer(args pickle.Tuple) (pickle.Value, error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("an ndarray made from %d arguments", len(args))
	}
	a := &NDArray{}
	return a, a.Build(pickle.Tuple{int64(1), args[2], args[1], args[3] == pickle.Value("F"), args[0]})
}
