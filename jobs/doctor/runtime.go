package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/ort"
)

// runtime looks at the library, the model and the devices.
func (o Options) runtime(ctx context.Context) []Finding {
	path, found := o.library()
	opened := o.model(ctx)
	all := []Finding{found, opened}
	if found.Status == Fail || opened.Status == Fail {
		return all
	}
	answers := map[ort.Provider]Answer{}
	for _, device := range o.devices() {
		a := o.ask(ctx, path, device)
		answers[device.Provider] = a
		if a.Version != "" {
			all[0].Detail = path + ", version " + a.Version
		}
		all = append(all, o.deviceFinding(device, a))
	}
	return append(all, unusedGPUs(os.DirFS("/"), answers)...)
}

func (o Options) library() (string, Finding) {
	path, err := ort.Find(o.Library, o.LibraryEnv)
	if err != nil {
		return "", failed("library", err)
	}
	return path, Finding{Check: "library", Status: OK, Detail: path}
}

func (o Options) model(ctx context.Context) Finding {
	in, err := o.Sources.Open(ctx)
	if err != nil {
		return failed("model", err)
	}
	d := in.Description()
	f := Finding{Check: "model", Status: OK, Detail: fmt.Sprintf("%d x %d at %d px and %d tags, %d of them unseen; they fit together",
		d.Rows, d.Dim, d.Input.Size, in.Vocab.Len(), len(in.Vocab.UnseenIDs()))}
	switch {
	case len(in.Warnings) > 0:
		f.Status, f.Hint = Warn, strings.Join(in.Warnings, "; ")
	case !d.Lineage.Trained:
		f.Status, f.Hint = Warn, "the model is untrained: its tags mean nothing"
	}
	return f
}

// devices are those to try: the processor, the one named, and all others to know
// them.
func (o Options) devices() []ort.Device {
	all := []ort.Device{{Provider: ort.CPU}, {Provider: ort.CUDA}, {Provider: ort.TensorRT}, {Provider: ort.WebGPU}}
	named := o.named()
	for i, d := range all {
		if d.Provider == named.Provider {
			all[i] = named
		}
	}
	return all
}

// named is the device that the options name, or Auto.
func (o Options) named() ort.Device {
	named, err := ort.ParseDevice(o.Device)
	if err != nil {
		panic("doctor: a validated device does not parse: " + err.Error())
	}
	return named
}

// deviceFinding judges what a device did. The processor and a device that is
// named must work, others need not be there.
func (o Options) deviceFinding(device ort.Device, a Answer) Finding {
	name := device.String()
	if _, reason, ok := strings.Cut(a.Error, "device "+name+": "); ok {
		a.Error = reason
	}
	if a.Error == "" {
		return Finding{Check: name, Status: OK, Seconds: a.Seconds,
			Detail: fmt.Sprintf("labels an image in %.1f ms after %.2f s of loading: %s", 1000*a.Seconds, a.Loading, strings.Join(a.Tags, ", "))}
	}
	if device.Provider == ort.CPU || device == o.named() {
		f := failed(name, a.err())
		if device.Provider != ort.CPU {
			f.Hint = providersHint
		}
		return f
	}
	return Finding{Check: name, Status: Off, Detail: a.Error}
}

const providersHint = "provider libraries of the runtime's own version lie beside it, and what they link to (CUDA, cuDNN, TensorRT) on the library path"

// unusedGPUs warns of GPUs that no provider uses.
func unusedGPUs(root fs.FS, answers map[ort.Provider]Answer) []Finding {
	gpus := nvidiaGPUs(root)
	if len(gpus) == 0 {
		return nil
	}
	f := Finding{Check: "gpus", Status: OK, Detail: strings.Join(gpus, ", ")}
	if answers[ort.CUDA].Error != "" && answers[ort.TensorRT].Error != "" && answers[ort.WebGPU].Error != "" {
		f.Status, f.Hint = Warn, "nothing here computes on them: "+providersHint
	}
	return []Finding{f}
}

// nvidiaGPUs are the models that NVIDIA's driver lists under /proc.
func nvidiaGPUs(root fs.FS) (models []string) {
	names, _ := fs.Glob(root, "proc/driver/nvidia/gpus/*/information")
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if key, value, _ := strings.Cut(line, ":"); key == "Model" {
				models = append(models, strings.TrimSpace(value))
			}
		}
	}
	return models
}
