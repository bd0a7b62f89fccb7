package torchfile

import (
	"errors"
	"fmt"
	"math"

	"github.com/sdl-batch/sdl-batch/model/torchfile/element"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// pickleLimits suit the structure of a checkpoint, whose numbers lie elsewhere.
var pickleLimits = pickle.Limits{InputBytes: 64 << 20}

var checkpointHost = pickle.Host{Call: callTorch, Persistent: storageOf}

// storage is one block of numbers of a checkpoint, or a window on one.
type storage struct {
	key   string
	class pickle.Global
	kind  element.Type
	total int // numbers in the block
	first int // where in the block the window begins
	count int // numbers in the window
}

func (*storage) String() string { return "storage" }

var storageKinds = map[string]element.Type{
	"HalfStorage": element.Float16, "BFloat16Storage": element.BFloat16,
	"FloatStorage": element.Float32, "DoubleStorage": element.Float64,
	"CharStorage": element.Int8, "ShortStorage": element.Int16, "IntStorage": element.Int32,
	"LongStorage": element.Int64, "ByteStorage": element.Uint8, "BoolStorage": element.Bool,
}

// storageOf reads the persistent id ('storage', class, key, device, count); in a
// legacy checkpoint a window on the storage, or None, follows.
func storageOf(id pickle.Value) (pickle.Value, error) {
	t, ok := id.(pickle.Tuple)
	if !ok || len(t) < 5 || t[0] != pickle.Value("storage") {
		return &pickle.Opaque{Origin: "persistent id"}, nil
	}
	class, ok1 := t[1].(pickle.Global)
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 || count < 0 || count > math.MaxInt/8 {
		return nil, errors.New("malformed id of a storage")
	}
	s := &storage{key: key, class: class, total: int(count), count: int(count)}
	if class.Module == "torch" || class.Module == "torch.cuda" {
		s.kind = storageKinds[class.Name]
	}
	if len(t) > 5 && t[5] != nil {
		return s, s.narrow(t[5])
	}
	return s, nil
}

// narrow takes a window (key, first, count), which lies within the storage.
func (s *storage) narrow(window pickle.Value) error {
	t, ok := window.(pickle.Tuple)
	if !ok || len(t) != 3 {
		return fmt.Errorf("the window on a storage is a %s", pickle.Kind(window))
	}
	first, ok1 := t[1].(int64)
	count, ok2 := t[2].(int64)
	if !ok1 || !ok2 || first < 0 || count < 0 || count > int64(s.total)-first {
		return fmt.Errorf("a window that exceeds its storage of %d numbers", s.total)
	}
	s.first, s.count = int(first), int(count)
	return nil
}

// callTorch makes tensors. It reads NumPy's globals, too, which checkpoints
// hold beside the tensors.
func callTorch(g pickle.Global, args pickle.Tuple) (pickle.Value, bool, error) {
	if g == (pickle.Global{Module: "torch._tensor", Name: "_rebuild_from_type_v2"}) && len(args) == 4 {
		inner, ok1 := args[0].(pickle.Global)
		innerArgs, ok2 := args[2].(pickle.Tuple)
		if ok1 && ok2 {
			return callRebuild(inner, innerArgs)
		}
	}
	if v, known, err := callRebuild(g, args); known {
		return v, known, err
	}
	return callNumPy(g, args)
}

func callRebuild(g pickle.Global, args pickle.Tuple) (v pickle.Value, known bool, err error) {
	switch g {
	case pickle.Global{Module: "torch._utils", Name: "_rebuild_tensor"},
		pickle.Global{Module: "torch._utils", Name: "_rebuild_tensor_v2"}:
		v, err = rebuildTensor(args)
		return v, true, err
	case pickle.Global{Module: "torch._utils", Name: "_rebuild_parameter"},
		pickle.Global{Module: "torch._utils", Name: "_rebuild_parameter_with_state"}:
		v, err = rebuildParameter(args)
		return v, true, err
	case pickle.Global{Module: "torch", Name: "Size"}:
		if len(args) == 1 {
			return args[0], true, nil
		}
	}
	return nil, false, nil
}

// rebuildTensor reads (storage, offset, size, stride, …).
func rebuildTensor(args pickle.Tuple) (pickle.Value, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("a tensor made from %d arguments", len(args))
	}
	if o, ok := args[0].(*pickle.Opaque); ok {
		return o, nil
	}
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("a tensor made from a %s at a %s", pickle.Kind(args[0]), pickle.Kind(args[1]))
	}
	shape, err := dims(args[2])
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	stride, err := dims(args[3])
	if err != nil {
		return nil, fmt.Errorf("stride: %w", err)
	}
	return newView(s, int(offset), shape, stride)
}

func rebuildParameter(args pickle.Tuple) (pickle.Value, error) {
	if len(args) == 0 {
		return nil, errors.New("a parameter made from nothing")
	}
	switch v := args[0].(type) {
	case *view, *pickle.Opaque:
		return v, nil
	}
	return nil, fmt.Errorf("a parameter made from a %s", pickle.Kind(args[0]))
}

// maxRank bounds the dimensions of a tensor or array.
const maxRank = 32

// dims reads a tuple of numbers, each in [0, 2^48).
func dims(v pickle.Value) ([]int, error) {
	t, ok := v.(pickle.Tuple)
	if !ok {
		return nil, fmt.Errorf("a %s, not a tuple", pickle.Kind(v))
	}
	if len(t) > maxRank {
		return nil, fmt.Errorf("%d dimensions, more than %d", len(t), maxRank)
	}
	list := make([]int, len(t))
	for i, d := range t {
		n, ok := d.(int64)
		if !ok || n < 0 || n >= 1<<48 {
			return nil, fmt.Errorf("dimension %d is no size", i)
		}
		list[i] = int(n)
	}
	return list, nil
}
