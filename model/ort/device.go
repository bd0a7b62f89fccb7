package ort

import (
	"fmt"
	"strconv"
	"strings"
)

// Provider is what computes: the processor or a kind of accelerator.
type Provider string

// The providers. Auto takes CUDA where it works, else the CPU.
const (
	Auto     Provider = ""
	CPU      Provider = "cpu"
	CUDA     Provider = "cuda"
	TensorRT Provider = "tensorrt"
	WebGPU   Provider = "webgpu"
)

// Device names one device. The zero value is Auto.
type Device struct {
	Provider Provider
	Index    int // of the accelerator, from 0
}

// ParseDevice reads "auto", "cpu", "cuda", "cuda:1", "tensorrt", "tensorrt:1"
// or "webgpu". An empty string is auto.
func ParseDevice(s string) (Device, error) {
	name, index, numbered := strings.Cut(s, ":")
	d := Device{Provider: Provider(name)}
	if name == "auto" {
		d.Provider = Auto
	}
	switch d.Provider {
	case Auto, CPU, WebGPU:
		if numbered {
			return Device{}, fmt.Errorf("ort: device %q: only cuda and tensorrt take an index", s)
		}
		return d, nil
	case CUDA, TensorRT:
	default:
		return Device{}, fmt.Errorf("ort: device %q: not auto, cpu, cuda[:i], tensorrt[:i] or webgpu", s)
	}
	if !numbered {
		return d, nil
	}
	i, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return Device{}, fmt.Errorf("ort: device %q: the index is not a number from 0 to 65535", s)
	}
	d.Index = int(i)
	return d, nil
}

// String is what ParseDevice reads.
func (d Device) String() string {
	switch {
	case d.Provider == Auto:
		return "auto"
	case d.Index > 0:
		return fmt.Sprintf("%s:%d", d.Provider, d.Index)
	}
	return string(d.Provider)
}
