package reread

import "strings"

// tail keeps the first and the last bytes written to it, max in all: a dying Go
// program says what happened first and where at length.
type tail struct {
	max         int
	first, last []byte
	cut         bool
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if room := t.max/2 - len(t.first); room > 0 {
		take := min(room, len(p))
		t.first, p = append(t.first, p[:take]...), p[take:]
	}
	t.last = append(t.last, p...)
	if over := len(t.last) - t.max/2; over > 0 {
		t.last, t.cut = append(t.last[:0], t.last[over:]...), true
	}
	return n, nil
}

// String returns what was kept.
func (t *tail) String() string {
	between := ""
	if t.cut {
		between = " … "
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(t.first)+between+string(t.last), "?"))
}
