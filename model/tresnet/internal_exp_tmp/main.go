package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

func cpuNow() float64 {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

func main() {
	peer := flag.String("peer", "", "")
	n := flag.Int("n", 8, "")
	reps := flag.Int("reps", 5, "")
	threads := flag.Int("threads", 2, "")
	spin := flag.Bool("spin", true, "")
	prof := flag.String("prof", "", "")
	arch := flag.String("arch", "M", "")
	size := flag.Int("size", 224, "")
	cpu := flag.Bool("cpu", false, "")
	flag.Parse()
	ort.Load("/work/main/bin/libonnxruntime.so.1")
	a := map[string]tresnet.Architecture{"M": tresnet.M, "L": tresnet.L, "XL": tresnet.XL}[*arch].With(7, 300, *size)
	o := ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: *threads, Spin: *spin, Profile: *prof}
	type cand struct {
		name      string
		run       func()
		best, sum float64
	}
	var cs []*cand
	m, err := tresnet.Graph(a, tresnet.New(a, 1), tresnet.Input{})
	if err != nil {
		panic(err)
	}
	e, err := ort.NewEmbedder(m, o)
	if err != nil {
		panic(err)
	}
	px := make([]uint8, *n**size**size*3)
	for i := range px {
		px[i] = uint8(rand.Uint32())
	}
	out := make([]float32, *n*2100)
	cs = append(cs, &cand{name: "ours", run: func() {
		if err := e.Embed(context.Background(), px, *n, out); err != nil {
			panic(err)
		}
	}})
	if *peer != "" {
		pb, _ := os.ReadFile(*peer)
		o2 := o
		if *prof != "" {
			o2.Profile = *prof + "_peer"
		}
		s, err := ort.NewSession(pb, o2)
		if err != nil {
			panic(err)
		}
		x := make([]float32, len(px))
		for i := range px {
			x[i] = float32(px[i]) / 255
		}
		cs = append(cs, &cand{name: "peer", run: func() {
			if err := s.Run(context.Background(), []ort.Tensor{ort.Lend(x, *n, 3, *size, *size)}, []ort.Tensor{ort.Lend(out, *n, 2100)}); err != nil {
				panic(err)
			}
		}})
		defer s.Close()
	}
	for r := -1; r < *reps; r++ {
		for _, c := range cs {
			t := time.Now()
			c0 := cpuNow()
			c.run()
			d := time.Since(t).Seconds()
			if *cpu {
				d = cpuNow() - c0
			}
			if r >= 0 {
				v := float64(*n) / d
				c.best = max(c.best, v)
				c.sum += d
			}
		}
	}
	for _, c := range cs {
		fmt.Printf("n=%d %s: best %.2f img/s mean %.2f\n", *n, c.name, c.best, float64(*n**reps)/c.sum)
	}
	e.Close()
}
