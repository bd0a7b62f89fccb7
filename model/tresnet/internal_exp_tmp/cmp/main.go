package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/golden"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

func ck(err error) {
	if err != nil {
		panic(err)
	}
}
func main() {
	base := os.Args[1]
	rows, _ := strconv.Atoi(os.Args[2])
	size, _ := strconv.Atoi(os.Args[3])
	ort.Load("/work/main/bin/libonnxruntime.so.1")
	f, err := os.Open(base + ".pth")
	ck(err)
	st, _ := f.Stat()
	c, err := torchfile.Open(f, st.Size())
	ck(err)
	ts := map[string]tensor.Tensor{}
	for _, n := range c.Names() {
		if strings.HasSuffix(n, "num_batches_tracked") {
			continue
		}
		ts[n], err = c.Tensor(n)
		ck(err)
	}
	im, err := tresnet.Import(ts, tresnet.ImportOptions{Rows: rows, InputSize: size})
	ck(err)
	a := im.Architecture
	px, err := os.ReadFile(base + ".u8")
	ck(err)
	raw, err := os.ReadFile(base + ".f32")
	ck(err)
	n := len(px) / (size * size * 3)
	want := make([]float32, len(raw)/4)
	for i := range want {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		m, r := i/(a.Rows*a.Dim), i%(a.Rows*a.Dim)
		want[m*a.Rows*a.Dim+(r%a.Rows)*a.Dim+r/a.Rows] = v
	}
	m, err := tresnet.Graph(a, im.Params, tresnet.Input{})
	ck(err)
	e, err := ort.NewEmbedder(m, ort.Options{Device: ort.Device{Provider: ort.CPU}})
	ck(err)
	got := make([]float32, len(want))
	ck(e.Embed(context.Background(), px, n, got))
	fmt.Println(base, a.Name(), a, "error", golden.RelativeError(got, want))
}
