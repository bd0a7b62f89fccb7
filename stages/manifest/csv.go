package manifest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/storage"
)

// beginCSV reads the header and finds the columns.
func beginCSV(r io.Reader, format Format, columns Columns) (*csvRecords, error) {
	r, offset := skipMark(r)
	c := newCSV(r, format, position{offset: offset, line: 1})
	first, err := c.read()
	if err == io.EOF {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	c.names = slices.Clone(first)
	c.places, err = columns.find(c.names)
	return c, err
}

// openCSV goes on behind a header.
func openCSV(r io.Reader, format Format, columns Columns, header []string, at position) (*csvRecords, error) {
	c := newCSV(r, format, at)
	c.names = header
	var err error
	if at.offset == 0 {
		return nil, fmt.Errorf("a shard cannot begin at the header: %w", storage.ErrInvalid)
	}
	c.places, err = columns.find(header)
	return c, err
}

func newCSV(r io.Reader, format Format, at position) *csvRecords {
	c := &csvRecords{guard: &guard{r: r, after: at.line}, base: at}
	c.in = csv.NewReader(c.guard)
	c.in.FieldsPerRecord = -1
	c.in.LazyQuotes = true
	c.in.ReuseRecord = true
	if format == TSV {
		c.in.Comma = '\t'
	}
	return c
}

// csvRecords reads fields under a header.
type csvRecords struct {
	guard *guard
	in    *csv.Reader
	names []string
	places
	base   position // where reading began
	fields []string // of the row moved to
}

func (c *csvRecords) header() []string { return c.names }

func (c *csvRecords) advance() (at position, err error) {
	c.guard.read = 0
	at.offset = c.base.offset + c.in.InputOffset()
	if c.fields, err = c.read(); err != nil {
		return at, err
	}
	at.line = c.line(0)
	c.guard.after = at.line
	return at, c.checkName()
}

// checkName refuses a name over several lines: a stray quote before it, closed by
// one far behind, would have taken up the rows between them without a trace.
func (c *csvRecords) checkName() error {
	if c.uri >= len(c.fields) || !strings.ContainsAny(c.fields[c.uri], "\r\n") {
		return nil
	}
	return fmt.Errorf("line %d: the name goes on over a line's end; is a quote there by mistake? names that hold line ends go into jsonl or Parquet: %w", c.line(c.uri), storage.ErrInvalid)
}

// line is the manifest's line that a field of the row begins on.
func (c *csvRecords) line(field int) int64 {
	line, _ := c.in.FieldPos(field)
	return c.base.line + int64(line) - 1
}

func (c *csvRecords) record() record {
	rec := record{uri: field(c.fields, c.uri)}
	rec.invalid = check(rec.uri)
	for _, i := range c.carried {
		rec.carried = append(rec.carried, readableField(field(c.fields, i)))
	}
	return rec
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
	return nil, fmt.Errorf("line %d: a quote is opened there and not closed before the manifest ends: %w", c.line(len(fields)-1), storage.ErrInvalid)
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

// guard ends a record that grows without end, as one with an unclosed quote
// does, and puts a record of its own behind the last, which tells whether a
// quote is open there.
type guard struct {
	r     io.Reader
	read  int   // since the record began
	after int64 // line that the record before it begins on, for errors
	ended io.Reader
}

// end is the only field of the record behind the last. No manifest has it: it
// is no text.
const end = "\x00sdl-batch: end of manifest\x00"

func (g *guard) Read(p []byte) (int, error) {
	if g.read > maxRecord {
		return 0, fmt.Errorf("the record behind line %d is longer than %d bytes; is a quote left open? %w", g.after, maxRecord, storage.ErrInvalid)
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
