package pickle

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// line consumes text up to a newline, of at most limit bytes.
func (m *machine) line(limit int) (string, error) {
	rest := m.data[m.pos:]
	end := bytes.IndexByte(rest[:min(len(rest), limit)], '\n')
	switch {
	case end >= 0:
		m.pos += end + 1
		return string(rest[:end]), nil
	case len(rest) >= limit:
		return "", fmt.Errorf("a line exceeds %d bytes", limit)
	}
	return "", fmt.Errorf("%w at byte %d, inside a line", ErrEnd, len(m.data))
}

func (m *machine) textInt() error {
	line, err := m.line(maxLineBytes)
	if err != nil {
		return err
	}
	switch line {
	case "00":
		return m.push(false)
	case "01":
		return m.push(true)
	}
	return m.decimal(line)
}

func (m *machine) textLong() error {
	line, err := m.line(maxLineBytes)
	if err != nil {
		return err
	}
	return m.decimal(strings.TrimSuffix(line, "L"))
}

func (m *machine) decimal(digits string) error {
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return fmt.Errorf("%.40q is no integer", digits)
	}
	return m.pushNew(shrink(n), objectCost+len(digits))
}

func (m *machine) textFloat() error {
	line, err := m.line(maxLineBytes)
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(line, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%.40q is no number", line)
	}
	return m.pushNew(f, scalarCost)
}

// longLine consumes the line of a string.
func (m *machine) longLine() (string, error) {
	line, err := m.line(int(m.limits.StringBytes))
	if err != nil {
		return "", err
	}
	return line, m.charge(scalarCost + 3*len(line))
}

func (m *machine) textString() error {
	line, err := m.longLine()
	if err != nil {
		return err
	}
	line = strings.TrimRight(line, " \t\r")
	if len(line) < 2 || line[0] != line[len(line)-1] || (line[0] != '\'' && line[0] != '"') {
		return errors.New("a string is not quoted")
	}
	s, err := unescape(line[1 : len(line)-1])
	if err != nil {
		return err
	}
	return m.push(s)
}

var simpleEscapes = map[byte]byte{
	'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// unescape resolves the backslash escapes of a Python 2 string literal.
func unescape(s string) (string, error) {
	var out strings.Builder
	for len(s) > 0 {
		if s[0] != '\\' {
			out.WriteByte(s[0])
			s = s[1:]
			continue
		}
		b, rest, err := unescapeOne(s)
		if err != nil {
			return "", err
		}
		out.WriteByte(b)
		s = rest
	}
	return out.String(), nil
}

func unescapeOne(s string) (byte, string, error) {
	if len(s) >= 2 {
		if b, ok := simpleEscapes[s[1]]; ok {
			return b, s[2:], nil
		}
	}
	if len(s) >= 4 {
		digits, base := s[1:4], 8
		if s[1] == 'x' {
			digits, base = s[2:4], 16
		}
		if n, err := strconv.ParseUint(digits, base, 8); err == nil {
			return byte(n), s[4:], nil
		}
	}
	return 0, "", fmt.Errorf("unknown escape %.4q", s)
}

func (m *machine) textUnicode() error {
	line, err := m.longLine()
	if err != nil {
		return err
	}
	s, err := unescapeRaw(line)
	if err != nil {
		return err
	}
	return m.push(s)
}

// unescapeRaw decodes Python's raw-unicode-escape: \uXXXX, \UXXXXXXXX, and
// Latin-1 for every other byte.
func unescapeRaw(s string) (string, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		width := rawEscapeWidth(s[i:])
		if width == 0 {
			out = utf8.AppendRune(out, rune(s[i]))
			i++
			continue
		}
		if i+2+width > len(s) {
			return "", errors.New("a unicode escape is cut short")
		}
		r, err := strconv.ParseUint(s[i+2:i+2+width], 16, 31)
		if err != nil || r > utf8.MaxRune {
			return "", fmt.Errorf("unknown escape %.10q", s[i:])
		}
		out = utf8.AppendRune(out, rune(r))
		i += 2 + width
	}
	return string(out), nil
}

func rawEscapeWidth(s string) int {
	switch {
	case strings.HasPrefix(s, `\u`):
		return 4
	case strings.HasPrefix(s, `\U`):
		return 8
	}
	return 0
}
