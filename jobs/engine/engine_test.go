package engine

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/onnxgraph"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryWrongOptionIsReported(t *testing.T) {
	if err := (Compute{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	err := Compute{Device: "tpu", BatchSize: -1, Threads: 1025, Decoders: -2, Fetch: fetch.Config{Workers: 5000}}.Validate()
	for _, want := range []string{"batch size -1: want 1 to 4096", "threads 1025", "decoders -2", "fetchers 5000", "tpu"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestBatchesFollowTheDevice(t *testing.T) {
	cpu, cuda := ort.Device{Provider: ort.CPU}, ort.Device{Provider: ort.CUDA}
	for _, c := range []struct {
		size   int
		device ort.Device
		rows   int64
		want   int
	}{{0, cpu, 1000, 8}, {0, cuda, 1000, 64}, {0, cuda, 10, 10}, {100, cpu, 1000, 100}, {100, cuda, 7, 7}} {
		if got := (Compute{BatchSize: c.size}).batch(c.device, c.rows); got != c.want {
			t.Errorf("%+v: batch of %d", c, got)
		}
	}
}

// TestLargeMatricesMeanSmallBatches: a pool of batches must fit into memory, and a
// graph that takes a fixed number gets whole runs.
func TestLargeMatricesMeanSmallBatches(t *testing.T) {
	orttest.Load(t)
	for _, c := range []struct{ rows, dim, run, size, want int }{
		{7, 300, 0, 0, 8}, {4096, 1024, 0, 0, 4}, {4096, 8192, 0, 0, 1}, {4096, 1024, 0, 100, 100}, {1, 4, 5, 0, 10}, {1, 4, 1, 0, 8}, {1, 4, 32, 3, 32},
	} {
		b := onnxgraph.New("zeros")
		n := onnxgraph.Free("n")
		if c.run > 0 {
			n = onnxgraph.Size(c.run)
		}
		x := b.Cast(b.Input("x", onnxgraph.Uint8, n, onnxgraph.Size(1), onnxgraph.Size(1), onnxgraph.Size(3)), onnxgraph.Float32)
		y := b.Expand(b.Reshape(b.Gather(x, b.Ints(0), 3), -1, 1, 1), 1, c.rows, c.dim)
		b.Output("y", y, onnxgraph.Float32, n, onnxgraph.Size(c.rows), onnxgraph.Size(c.dim))
		graph, err := b.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		e, err := ort.NewEmbedder(graph, ort.Options{Device: ort.Device{Provider: ort.CPU}, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := (Compute{BatchSize: c.size}).batchFor(e, 1000); got != c.want {
			t.Errorf("%+v: batch of %d", c, got)
		}
		e.Close()
	}
}

// TestTheProgramsModelKeepsItsID: runs of earlier versions name it.
func TestTheProgramsModelKeepsItsID(t *testing.T) {
	in, err := Sources{}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "sha256:871edad7dc57a01a7c870344518b58d8c0e8a8f14997e94ca25e3bbaceeec974"; in.ModelID != want {
		t.Errorf("the program's model is %s, want %s", in.ModelID, want)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	bundle, vocab, err := scenes.Default()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewInputs(bundle, &model.Vocabulary{Tags: []string{"a"}, Seen: []bool{true}, Dim: 2, Vectors: []float32{1, 0}}, true); !errors.Is(err, model.ErrMismatch) {
		t.Errorf("another dimension: %v", err)
	}
	in, err := NewInputs(bundle, vocab, false)
	if err != nil {
		t.Fatal(err)
	}
	compute := Compute{Library: orttest.Load(t).Path, Device: "cpu", Threads: 1}
	e, err := New(t.Context(), in, 0, compute, 100)
	if err != nil {
		t.Fatal(err)
	}
	if l := e.Loaded(); l.Device != "cpu" || l.Tags != vocab.Len() || l.Unseen != len(vocab.UnseenIDs()) || l.BatchSize != 8 || l.Threads != 1 || l.ModelID != bundle.ID() {
		t.Errorf("loaded %+v", l)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	in.Bundle.Description.Rows++ // no longer what the graph gives
	if _, err := New(t.Context(), in, 0, compute, 1); !errors.Is(err, model.ErrMismatch) {
		t.Errorf("a graph that is not the one described: %v", err)
	}
}

func TestTheRateIsThatOfTheLastReports(t *testing.T) {
	c := NewCounter(Serial(nil), 100)
	start := c.recent[0].at
	c.Add(6, 1)
	if p := c.at(start.Add(2*time.Second), "infer"); p.Rows != 7 || p.Rejected != 1 || p.Total != 100 || p.PerSecond != 3.5 || p.Remaining.Round(time.Second) != 27*time.Second || p.Bottleneck != "infer" {
		t.Errorf("after two seconds %+v", p)
	}
	for i := range rateWindow {
		c.Add(1, 0)
		c.at(start.Add(time.Duration(100+i)*time.Second), "")
	}
	if p := c.at(start.Add((100+rateWindow)*time.Second), ""); p.PerSecond < 0.9 || p.PerSecond > 1 {
		t.Errorf("one image a second for a while: %+v", p)
	}
}

func TestEventsComeOneAtATime(t *testing.T) {
	events := 0
	send := Serial(func(Event) { events++ }) // the race detector watches
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for range 100 {
				send(Warned{})
			}
		})
	}
	senders.Wait()
	if events != 400 {
		t.Errorf("%d events", events)
	}
}
