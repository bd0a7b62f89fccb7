package ort_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
)

func TestParseDevice(t *testing.T) {
	good := map[string]ort.Device{
		"":           {},
		"auto":       {},
		"cpu":        {Provider: ort.CPU},
		"cuda":       {Provider: ort.CUDA},
		"cuda:0":     {Provider: ort.CUDA},
		"cuda:3":     {Provider: ort.CUDA, Index: 3},
		"tensorrt:1": {Provider: ort.TensorRT, Index: 1},
		"webgpu":     {Provider: ort.WebGPU},
	}
	for text, want := range good {
		got, err := ort.ParseDevice(text)
		if got != want || err != nil {
			t.Errorf("ParseDevice(%q) = %v, %v", text, got, err)
		}
		if again, err := ort.ParseDevice(got.String()); again != got || err != nil {
			t.Errorf("%q does not survive: %v, %v", text, again, err)
		}
	}
	for _, text := range []string{"gpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cuda:99999", "cpu:0", "auto:1", "webgpu:0", ":1"} {
		if d, err := ort.ParseDevice(text); err == nil {
			t.Errorf("ParseDevice(%q) = %v", text, d)
		}
	}
}

// Where the library has no CUDA beside it, the name is an error and auto says
// why it passed CUDA over.
func TestNamedDeviceNeverFallsBack(t *testing.T) {
	orttest.Load(t)
	model := increment(t)
	s, err := ort.NewSession(model, ort.Options{Device: ort.Device{Provider: ort.CUDA}})
	if err == nil {
		s.Close()
		t.Skip("SKIPPED, NOT PASSED: this machine has CUDA")
	}
	if !strings.Contains(err.Error(), "device cuda") {
		t.Error(err)
	}
	s, err = ort.NewSession(model, ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Device().Provider != ort.CPU || len(s.PassedOver()) != 1 || !strings.HasPrefix(s.PassedOver()[0], "cuda: ") {
		t.Errorf("device %s, passed over %q", s.Device(), s.PassedOver())
	}
}

func TestLoadIsOncePerProcess(t *testing.T) {
	library := orttest.Load(t)
	if again, err := ort.Load(library.Path); again != library || err != nil {
		t.Errorf("again: %v, %v", again, err)
	}
	if _, err := ort.Load("/another/library.so"); err == nil || !strings.Contains(err.Error(), library.Path) {
		t.Errorf("another: %v", err)
	}
	if loaded, ok := ort.Loaded(); loaded != library || !ok {
		t.Errorf("loaded %v, %t", loaded, ok)
	}
	if _, err := ort.NewSession([]byte("no model"), ort.Options{}); err == nil || errors.Is(err, ort.ErrNotLoaded) {
		t.Error(err)
	}
}
