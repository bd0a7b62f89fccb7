package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// jsonRecords reads a JSON object a line, or a JSON string, which is the URI.
// Blank lines are no rows; a line that is neither is a reject, without a name: what
// is in it may be secret.
type jsonRecords struct {
	*lines
	head    *jsonHead // while reading from the begin and the keys are unknown
	names   []string  // keys: of the URI, then the carried ones; nil: all rows are strings
	carried int       // how many are wanted
	object  map[string]json.RawMessage
}

// choose takes the keys from a header.
func (j *jsonRecords) choose(columns Columns, header []string) error {
	j.carried = len(columns.Carried)
	if len(header) == 0 && !columns.any() {
		return nil
	}
	at, err := columns.find(header)
	if err != nil {
		return err
	}
	j.names = []string{header[at.uri]}
	for _, i := range at.carried {
		j.names = append(j.names, header[i])
	}
	return nil
}

func (j *jsonRecords) header() []string { return j.names }

func (j *jsonRecords) advance() (position, error) {
	at, err := j.lines.advance()
	if j.head == nil {
		return at, err
	}
	if err == nil {
		j.head.add(j.lines)
	}
	if err != nil || j.head.full() {
		if lacks := j.settle(); lacks != nil {
			return at, lacks
		}
	}
	return at, err
}

// settle ends the search for keys.
func (j *jsonRecords) settle() error {
	head := j.head
	j.head = nil
	names, err := head.names()
	if err != nil || head.read == 0 {
		return err
	}
	if err := j.choose(head.columns, names); err != nil {
		return fmt.Errorf("in the first %d lines: %w", head.read, err)
	}
	return nil
}

func (j *jsonRecords) record() record {
	rec := record{carried: make([]string, j.carried)}
	switch {
	case j.long:
		rec.invalid = j.tooLong()
	case bytes.HasPrefix(bytes.TrimSpace(j.text), []byte(`"`)):
		rec.uri, rec.invalid = j.uri(j.text)
	default:
		j.fill(&rec)
	}
	return rec
}

// fill takes a row from an object.
func (j *jsonRecords) fill(rec *record) {
	var err error
	if j.object, err = parseObject(j.text, j.object); err != nil {
		rec.invalid = invalid(CodeBadJSON, fmt.Sprintf("line %d: %v", j.line, err))
		return
	}
	if len(j.names) == 0 {
		rec.invalid = invalid(CodeBadJSON, fmt.Sprintf("line %d is an object, the first lines are strings", j.line))
		return
	}
	rec.uri, rec.invalid = j.uri(j.object[j.names[0]])
	for i, name := range j.names[1:] {
		rec.carried[i] = readableField(jsonText(j.object[name]))
	}
}

// uri is the name that a value is.
func (j *jsonRecords) uri(value []byte) (string, *pipeline.Reject) {
	if value == nil || string(value) == "null" {
		return "", check("")
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", invalid(CodeBadJSON, fmt.Sprintf("line %d: the name of the image is no JSON string", j.line))
	}
	if !utf8.Valid(value) || replaced(value, text) {
		return text, invalid(CodeBadUTF8, "the name is not valid UTF-8")
	}
	return text, check(text)
}

// replaced tells whether decoding put U+FFFD in the place of half a surrogate
// pair: text has more of them than the JSON.
func replaced(value []byte, text string) bool {
	const mark = "\uFFFD"
	n := strings.Count(text, mark)
	return n > 0 && n > bytes.Count(value, []byte(mark))+bytes.Count(bytes.ToLower(value), []byte(`\ufffd`))
}

var errNoObject = errors.New("want a JSON object or a string a line")

// parseObject reads a JSON object into room, or says in words what it is.
func parseObject(line []byte, room map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	clear(room)
	err := json.Unmarshal(line, &room)
	if err == nil && room == nil || err != nil && json.Valid(line) { // null, or another value
		return nil, errNoObject
	}
	return room, err
}

// jsonText is a value as text: a string's content, null as nothing, others as
// they are written.
func jsonText(value json.RawMessage) string {
	if value == nil || string(value) == "null" {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}
