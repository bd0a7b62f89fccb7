package doctor

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

const (
	leastMemory  = 1 << 30 // a labelling's bodies, batches and tags
	leastScratch = 1 << 30
)

// program tells what was built, and from what.
func (o Options) program(context.Context) []Finding {
	detail := fmt.Sprintf("%s, %s %s/%s", o.Program, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if info, ok := debug.ReadBuildInfo(); ok {
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if revision := settings["vcs.revision"]; revision != "" {
			detail += ", revision " + revision[:min(12, len(revision))]
			if settings["vcs.modified"] == "true" {
				detail += " with changes"
			}
		}
		if tags := settings["-tags"]; tags != "" {
			detail += ", tags " + tags
		}
	}
	return []Finding{{Check: "program", Status: OK, Detail: detail}}
}

// machine tells how many cores and how much memory the process may use.
func (o Options) machine(context.Context) []Finding {
	return []Finding{machineOf(os.DirFS("/"), runtime.GOMAXPROCS(0))}
}

func machineOf(root fs.FS, cores int) Finding {
	f := Finding{Check: "machine", Status: OK, Detail: fmt.Sprintf("%d cores", cores)}
	if cores == 1 {
		f.Detail = "1 core"
	}
	free, known := memInfo(root, "MemAvailable")
	if known {
		f.Detail += fmt.Sprintf(", %s of memory free", bytesText(free))
	}
	if limit, limited := MemoryLimit(root); limited {
		f.Detail += fmt.Sprintf(", limited to %s", bytesText(limit))
		if !known || limit < free {
			free, known = limit, true
		}
	}
	if known && free < leastMemory {
		f.Status, f.Hint = Warn, "a labelling wants 1 GiB or more: raise the limit, or lower --batch and --fetchers"
	}
	return f
}

// memInfo reads a line of /proc/meminfo, which counts in KiB.
func memInfo(root fs.FS, name string) (int64, bool) {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0, false
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if fields := strings.Fields(value); key == name && len(fields) > 0 {
			n, err := strconv.ParseInt(fields[0], 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// MemoryLimit is the least limit of memory of the process's control groups, of either
// version.
func MemoryLimit(root fs.FS) (least int64, limited bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	note := func(name string) {
		text, err := fs.ReadFile(root, name)
		n, parse := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && parse == nil && n > 0 && n < 1<<60 && (!limited || n < least) { // "max", and version 1's huge number, are none
			least, limited = n, true
		}
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		if parts[1] != "" {
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		if parts[1] != "" && parts[1] != "memory" {
			continue
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			note(path.Join(folder, group, file))
			if group == "/" {
				break
			}
		}
	}
	return least, limited
}

// scratch tells whether temporary files can be written.
func (o Options) scratch(context.Context) []Finding {
	folder := o.ScratchDir
	if folder == "" {
		folder = os.TempDir()
	}
	file, err := os.CreateTemp(folder, "sdl-doctor-*")
	if err != nil {
		f := failed("scratch", err)
		f.Hint = "TMPDIR, or --scratch, names a folder on a local disk that can be written"
		return []Finding{f}
	}
	defer os.Remove(file.Name())
	defer file.Close()
	f := Finding{Check: "scratch", Status: OK, Detail: folder}
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(file.Fd()), &disk); err != nil {
		return []Finding{f}
	}
	free := int64(disk.Bavail) * int64(disk.Bsize)
	f.Detail += ", " + bytesText(free) + " free"
	if free < leastScratch {
		f.Status, f.Hint = Warn, "training keeps labels and features there: free some space, or set TMPDIR"
	}
	return []Finding{f}
}

// bytesText writes a size in GiB.
func bytesText(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
