package manifest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/storage"
)

// usual are the names that a URI column tends to have.
var usual = []string{"uri", "url", "image_uri", "image_url", "path", "file", "filename", "file_name", "image"}

// openCSV reads the header, unless reading starts behind it, and finds the columns.
func openCSV(r io.Reader, format Format, columns Columns, header []string, offset, line int64) (*csvRecords, error) {
	begins := offset == 0
	if begins {
		r, offset = skipMark(r)
	}
	c := &csvRecords{guard: &guard{r: r}, base: offset, line: line}
	c.in = csv.NewReader(c.guard)
	c.in.FieldsPerRecord = -1
	c.in.LazyQuotes = true
	c.in.ReuseRecord = true
	if format == TSV {
		c.in.Comma = '\t'
	}
	if begins {
		first, err := c.read()
		if err == io.EOF {
			return nil, errNoRows
		}
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		header = slices.Clone(first)
	}
	c.header = header
	return c, c.choose(columns)
}

// csvRecords reads fields under a header.
type csvRecords struct {
	guard   *guard
	in      *csv.Reader
	header  []string
	uri     int
	carried []int
	base    int64
	line    int64
}

// choose finds the wanted columns in the header.
func (c *csvRecords) choose(columns Columns) error {
	c.uri = -1
	if columns.URI != "" {
		c.uri = c.column(columns.URI)
	} else {
		for _, name := range usual {
			if c.uri = c.column(name); c.uri >= 0 {
				break
			}
		}
	}
	if c.uri < 0 {
		return fmt.Errorf("no column %q in the manifest's header %q: %w", orUsual(columns.URI), c.header, ErrColumn)
	}
	for _, name := range columns.Carried {
		i := c.column(name)
		if i < 0 {
			return fmt.Errorf("no column %q to carry in the manifest's header %q: %w", name, c.header, ErrColumn)
		}
		c.carried = append(c.carried, i)
	}
	return nil
}

// ErrColumn says that a manifest lacks a column.
var ErrColumn = errors.New("column not found")

func orUsual(name string) string {
	if name == "" {
		return strings.Join(usual, "|")
	}
	return name
}

func (c *csvRecords) column(name string) int {
	return slices.IndexFunc(c.header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
}

func (c *csvRecords) next() (record, error) {
	c.guard.read = 0
	rec := record{offset: c.base + c.in.InputOffset()}
	fields, err := c.read()
	if err != nil {
		return record{}, err
	}
	line, _ := c.in.FieldPos(0)
	rec.line = c.line + int64(line) - 1
	rec.uri = field(fields, c.uri)
	rec.invalid = check(rec.uri)
	for _, i := range c.carried {
		rec.carried = append(rec.carried, readableField(field(fields, i)))
	}
	return rec, nil
}

// read reads a record. The end of the manifest within quotes is an error: the
// field would have taken up every row behind the quote.
func (c *csvRecords) read() ([]string, error) {
	fields, err := c.in.Read()
	if err != nil {
		return nil, err
	}
	last := fields[len(fields)-1]
	if !strings.Contains(last, end) {
		return fields, nil
	}
	if len(fields) == 1 && last == end {
		return nil, io.EOF
	}
	line, _ := c.in.FieldPos(len(fields) - 1)
	return nil, fmt.Errorf("line %d: a quote is opened there and not closed before the manifest ends: %w", c.line+int64(line)-1, storage.ErrInvalid)
}

// skipMark leaves out a byte order mark, before which a quote would not count
// as one, and returns where reading goes on.
func skipMark(r io.Reader) (io.Reader, int64) {
	in := bufio.NewReader(r)
	head, _ := in.Peek(len(byteOrderMark)) // an error comes again with Read
	if !bytes.Equal(head, byteOrderMark) {
		return in, 0
	}
	n, _ := in.Discard(len(head))
	return in, int64(n)
}

func field(fields []string, i int) string {
	if i < len(fields) {
		return strings.Clone(fields[i])
	}
	return ""
}

func readableField(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// guard ends a record that grows without end, as one with an unclosed quote
// does, and puts a record of its own behind the last, which tells whether a
// quote is open there.
type guard struct {
	r     io.Reader
	read  int // since the record began
	ended io.Reader
}

const maxRecord = 1 << 20

// end is the only field of the record behind the last. No manifest has it: it
// is no text.
const end = "\x00sdl-batch: end of manifest\x00"

func (g *guard) Read(p []byte) (int, error) {
	if g.read > maxRecord {
		return 0, fmt.Errorf("a record is longer than %d bytes; is a quote left open? %w", maxRecord, storage.ErrInvalid)
	}
	if g.ended != nil {
		return g.ended.Read(p)
	}
	n, err := g.r.Read(p)
	g.read += n
	if err == io.EOF {
		g.ended, err = strings.NewReader("\n"+end+"\n"), nil
	}
	return n, err
}
