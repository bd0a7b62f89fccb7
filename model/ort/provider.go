package ort

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	binding "github.com/yalue/onnxruntime_go"
)

// attach sets session options up for a device that is not Auto. A node that an
// accelerator cannot run is an error, never a silent move to the processor.
func attach(so *binding.SessionOptions, d Device) error {
	if d.Provider == CPU {
		return nil
	}
	if err := checkFiles(d.Provider); err != nil {
		return err
	}
	if err := so.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); err != nil {
		return err
	}
	switch d.Provider {
	case CUDA:
		return attachCUDA(so, d.Index)
	case TensorRT:
		// TensorRT leaves what it does not know to CUDA on the same device.
		if err := attachTensorRT(so, d.Index); err != nil {
			return err
		}
		return attachCUDA(so, d.Index)
	case WebGPU:
		return so.AppendExecutionProvider("WebGPU", nil)
	}
	return fmt.Errorf("unknown provider %q", d.Provider)
}

// attachCUDA keeps float32 at full precision: no TF32.
func attachCUDA(so *binding.SessionOptions, index int) error {
	co, err := binding.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer co.Destroy()
	settings := map[string]string{"device_id": strconv.Itoa(index), "use_tf32": "0"}
	if err := co.Update(settings); err != nil {
		return err
	}
	return so.AppendExecutionProviderCUDA(co)
}

func attachTensorRT(so *binding.SessionOptions, index int) error {
	to, err := binding.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer to.Destroy()
	if err := to.Update(map[string]string{"device_id": strconv.Itoa(index)}); err != nil {
		return err
	}
	return so.AppendExecutionProviderTensorRT(to)
}

// checkFiles reports a provider library that is missing beside the runtime,
// which is where the runtime looks.
func checkFiles(p Provider) error {
	library, _ := Loaded()
	folder := filepath.Dir(library.Path)
	for _, name := range providerFiles(p) {
		if !isFile(filepath.Join(folder, name)) {
			return fmt.Errorf("no %s beside the runtime library in %s", name, folder)
		}
	}
	return nil
}

func providerFiles(p Provider) []string {
	if runtime.GOOS != "linux" {
		return nil
	}
	const shared, cuda, tensorrt = "libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so", "libonnxruntime_providers_tensorrt.so"
	switch p {
	case CUDA:
		return []string{shared, cuda}
	case TensorRT:
		return []string{shared, tensorrt, cuda}
	}
	return nil
}
