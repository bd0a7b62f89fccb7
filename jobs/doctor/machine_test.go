package doctor

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sdl-batch/sdl-batch/model/ort"
)

func TestMemoryOfTheMachine(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	info := file("MemTotal:       16384000 kB\nMemAvailable:    8388608 kB\n")
	cases := map[string]struct {
		root   fstest.MapFS
		detail string
		status Status
	}{
		"nothing known": {fstest.MapFS{}, "2 cores", OK},
		"no limit":      {fstest.MapFS{"proc/meminfo": info, "proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, "2 cores, 8.0 GiB of memory free", OK},
		"a parent's limit": {fstest.MapFS{"proc/meminfo": info, "proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("4294967296\n"),
			"sys/fs/cgroup/a/memory.max": file("2147483648\n")}, "2 cores, 8.0 GiB of memory free, limited to 2.0 GiB", OK},
		"version 1": {fstest.MapFS{"proc/meminfo": info, "proc/self/cgroup": file("5:cpu:/x\n4:memory:/docker/x\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": file("536870912\n"), "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": file("9223372036854771712\n")},
			"2 cores, 8.0 GiB of memory free, limited to 0.5 GiB", Warn},
		"little": {fstest.MapFS{"proc/meminfo": file("MemAvailable: 1000 kB\n")}, "2 cores, 0.0 GiB of memory free", Warn},
		"broken": {fstest.MapFS{"proc/meminfo": file("MemAvailable:\n"), "proc/self/cgroup": file("x\n0::/\n"), "sys/fs/cgroup/memory.max": file("")}, "2 cores", OK},
	}
	for name, c := range cases {
		if f := machineOf(c.root, 2); f.Detail != c.detail || f.Status != c.status {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestGPUsThatNothingComputesOn(t *testing.T) {
	root := fstest.MapFS{"proc/driver/nvidia/gpus/0000:01:00.0/information": {Data: []byte("Model: \t\t NVIDIA H100\nIRQ:   11\n")}}
	off := map[ort.Provider]Answer{ort.CUDA: {Error: "x"}, ort.TensorRT: {Error: "x"}, ort.WebGPU: {Error: "x"}}
	if f := unusedGPUs(root, off); len(f) != 1 || f[0].Status != Warn || f[0].Detail != "NVIDIA H100" || !strings.Contains(f[0].Hint, "provider libraries") {
		t.Errorf("%+v", f)
	}
	off[ort.CUDA] = Answer{}
	if f := unusedGPUs(root, off); len(f) != 1 || f[0].Status != OK {
		t.Errorf("%+v", f)
	}
	if f := unusedGPUs(fstest.MapFS{}, off); f != nil {
		t.Errorf("%+v", f)
	}
}
