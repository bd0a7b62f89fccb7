package powercut

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Event is a system call that went well, or the beginning of an fsync. Paths are
// relative to the base.
type Event struct {
	Op   string // create, truncate, write, mkdir, link, rename, remove, sync, synced, nothing
	Path string
	To   string // of link and rename
	Data []byte // of write
}

var (
	whole    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
	begun    = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumed  = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)`)
	openFile = regexp.MustCompile(`^-?\w*<([^>]*)>(\(deleted\))?$`)
)

// parser turns lines of strace into events.
type parser struct {
	base   string
	begun  map[string]begunCall // under way, by process
	events []Event
}

// begunCall is a call under way.
type begunCall struct {
	args  string
	event int // of a mkdir its place among the events
}

func parse(lines []string, base string) ([]Event, error) {
	p := parser{base: base, begun: map[string]begunCall{}}
	for _, line := range lines {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("powercut: %w in %.300q", err, line)
		}
	}
	return p.events, nil
}

func (p *parser) line(line string) error {
	if m := begun.FindStringSubmatch(line); m != nil {
		p.begun[m[1]] = begunCall{m[3], len(p.events)}
		if strings.HasPrefix(m[2], "mkdir") {
			p.events = append(p.events, Event{Op: "nothing"})
			return nil
		}
		return p.call(m[2], m[3], 0, "sync")
	}
	if m := resumed.FindStringSubmatch(line); m != nil {
		began := p.begun[m[1]]
		delete(p.begun, m[1])
		return p.resumed(began, m[2], m[3], m[4])
	}
	m := whole.FindStringSubmatch(line)
	if m == nil {
		return nil // the end of a process
	}
	if err := p.call(m[2], m[3], 0, "sync"); err != nil {
		return err
	}
	return p.done(m[2], m[3], m[4])
}

// resumed is the end of a call. A folder is there from the call's beginning: another
// thread may have used it before this one was told.
func (p *parser) resumed(began begunCall, name, args, result string) error {
	before := len(p.events)
	if err := p.done(name, began.args+args, result); err != nil {
		return err
	}
	if len(p.events) > before && p.events[before].Op == "mkdir" {
		p.events[began.event] = p.events[before]
		p.events = p.events[:before]
	}
	return nil
}

// done is a call that returned.
func (p *parser) done(name, args, result string) error {
	value, err := strconv.Atoi(result)
	if err != nil || value < 0 {
		return err
	}
	return p.call(name, args, value, "synced")
}

// call notes what a call did; of one that has only begun, the phase sync, nothing
// but that of an fsync.
func (p *parser) call(name, args string, result int, phase string) error {
	a := strings.Split(args, ", ")
	if name == "fsync" || name == "fdatasync" {
		p.note(phase, p.fd(a[0]), "", nil)
		return nil
	}
	if phase == "sync" {
		return nil
	}
	switch name {
	case "open", "creat":
		return p.opened(p.path("", a[0]), name+" "+args)
	case "openat":
		return p.opened(p.path(a[0], a[1]), args)
	case "write":
		data, err := text(a[1])
		if err != nil {
			return err
		}
		p.note("write", p.fd(a[0]), "", []byte(data)[:result])
	case "mkdir":
		p.note("mkdir", p.path("", a[0]), "", nil)
	case "mkdirat":
		p.note("mkdir", p.path(a[0], a[1]), "", nil)
	case "link", "rename":
		p.note(name, p.path("", a[0]), p.path("", a[1]), nil)
	case "linkat", "renameat", "renameat2":
		p.note(name[:len(name)-len("at")-strings.Count(name, "2")], p.path(a[0], a[1]), p.path(a[2], a[3]), nil)
	case "unlink", "rmdir":
		p.note("remove", p.path("", a[0]), "", nil)
	case "unlinkat":
		p.note("remove", p.path(a[0], a[1]), "", nil)
	default:
		return p.unknown(name, args)
	}
	return nil
}

// opened is an open file: one that is only read makes no event.
func (p *parser) opened(path, flags string) error {
	switch {
	case strings.Contains(flags, "O_TMPFILE"):
		return fmt.Errorf("a file without a name")
	case strings.Contains(flags, "O_TRUNC") || strings.HasPrefix(flags, "creat"):
		p.note("truncate", path, "", nil)
	case strings.Contains(flags, "O_CREAT"):
		p.note("create", path, "", nil)
	}
	return nil
}

// unknown refuses calls below the base that the model does not know.
func (p *parser) unknown(name, args string) error {
	for _, a := range strings.Split(args, ", ") {
		if p.inside(p.fd(a)) || p.inside(p.path("", a)) {
			return fmt.Errorf("%s is not known", name)
		}
	}
	return nil
}

func (p *parser) note(op, path, to string, data []byte) {
	if !p.inside(path) && !p.inside(to) {
		return
	}
	p.events = append(p.events, Event{Op: op, Path: p.relative(path), To: p.relative(to), Data: data})
}

func (p *parser) inside(path string) bool {
	return path == p.base || strings.HasPrefix(path, p.base+"/")
}

func (p *parser) relative(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, p.base), "/")
}

// fd is the path of an open file as strace shows it, "" without one.
func (p *parser) fd(arg string) string {
	m := openFile.FindStringSubmatch(arg)
	if m == nil || m[2] != "" {
		return ""
	}
	path, err := unescape(m[1])
	if err != nil {
		return ""
	}
	return path
}

// path is the absolute path of a name below an open folder.
func (p *parser) path(folder, name string) string {
	path, err := text(name)
	if err != nil {
		return ""
	}
	if !filepath.IsAbs(path) {
		path = p.fd(folder) + "/" + path
	}
	return filepath.Clean(path)
}

// text is a quoted string.
func text(arg string) (string, error) {
	if len(arg) < 2 || arg[0] != '"' || arg[len(arg)-1] != '"' {
		return "", fmt.Errorf("%.40q is no text", arg)
	}
	return unescape(arg[1 : len(arg)-1])
}

// unescape reads \x pairs.
func unescape(s string) (string, error) {
	data, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	return string(data), err
}
