package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// smallNet is the net of checkpoints that scripts write.
var smallNet = tresnet.Architecture{Layers: [4]int{1, 1, 1, 1}, Width: 0.125, Rows: 2, Dim: 4, InputSize: 32}

// checkpoint NAME KEY PREFIX [EXTRA] writes a net in PyTorch's legacy format: its
// tensors under KEY, PREFIX before their names. With "body." in the prefix it is
// a backbone, with a classifier in place of the embedding layer. EXTRA names one
// more tensor.
func writeCheckpoint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: checkpoint NAME KEY PREFIX [EXTRA]")
	}
	tensors := map[string]tensor.Tensor{}
	for name, t := range tresnet.New(smallNet, 1) {
		tensors[args[2]+name] = t
	}
	if wrapper, ok := strings.CutSuffix(args[2], "body."); ok {
		delete(tensors, args[2]+tresnet.EmbeddingWeight)
		tensors[wrapper+"head.fc.weight"], tensors[wrapper+"head.fc.bias"] = tensor.New(3, 256), tensor.New(3)
	}
	for _, name := range args[3:] {
		tensors[name] = tensor.New(2)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), legacyCheckpoint(args[1], tensors), 0o644))
}

// legacyCheckpoint pickles {key: {name: tensor, …}} as torch.save did before
// version 1.6: pickles of the magic number, the protocol, the machine, the
// object and the storages' keys, and the storages.
func legacyCheckpoint(key string, tensors map[string]tensor.Tensor) []byte {
	text := func(s string) string {
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	object, keys, blocks := "\x80\x02}"+text(key)+"}(", "\x80\x02](", []byte{}
	for i, name := range slices.Sorted(maps.Keys(tensors)) {
		t := tensors[name]
		object += text(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text(fmt.Sprint(i)) + text("cpu") +
			fmt.Sprintf("I%d\nNtQI0\n(%st(%st\x89NtR", len(t.Values), integers(t.Shape), integers(strides(t.Shape)))
		keys += text(fmt.Sprint(i))
		blocks = binary.LittleEndian.AppendUint64(blocks, uint64(len(t.Values)))
		for _, v := range t.Values {
			blocks = binary.LittleEndian.AppendUint32(blocks, math.Float32bits(v))
		}
	}
	head := "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + "\x80\x02M\xe9\x03." + "\x80\x02}."
	return append([]byte(head+object+"us."+keys+"e."), blocks...)
}

func integers(list []int) (text string) {
	for _, n := range list {
		text += fmt.Sprintf("I%d\n", n)
	}
	return text
}

// strides are those of the row-major order.
func strides(shape []int) []int {
	list, step := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		list[i], step = step, step*shape[i]
	}
	return list
}

// pack SRC DST compresses a file as the ending of DST says: .gz or .zst.
func packFile(ts *testscript.TestScript, neg bool, args []string) {
	args = want(ts, neg, args, "pack SRC DST")
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var out bytes.Buffer
	switch filepath.Ext(args[1]) {
	case ".gz":
		z := gzip.NewWriter(&out)
		_, err = z.Write(data)
		ts.Check(err)
		ts.Check(z.Close())
	case ".zst":
		z, err := zstd.NewWriter(&out)
		ts.Check(err)
		out.Write(z.EncodeAll(data, nil))
		ts.Check(z.Close())
	default:
		ts.Fatalf("%s: neither .gz nor .zst", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o644))
}
