package labels

import (
	"encoding/binary"
	"errors"
)

// A record is a row in the scratch file: number, uri, positives, partial,
// negatives, split; numbers as varints, texts and lists after their length, ids
// as their distance from the one before.

func appendRow(to []byte, r *Row) []byte {
	to = binary.AppendUvarint(to, uint64(r.Number))
	to = appendText(to, r.URI)
	to = appendIDs(to, r.Positives)
	to = append(to, flag(r.Partial))
	to = appendIDs(to, r.Negatives)
	return appendText(to, r.Split)
}

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func appendIDs(to []byte, ids []int32) []byte {
	to = binary.AppendUvarint(to, uint64(len(ids)))
	last := int32(0)
	for _, id := range ids {
		to = binary.AppendUvarint(to, uint64(id-last))
		last = id
	}
	return to
}

// errRecord says that the scratch file does not hold what was written.
var errRecord = errors.New("the scratch file is damaged")

func decodeRow(b []byte) (r Row, err error) {
	in := input{rest: b}
	r.Number = int64(in.number())
	r.URI = in.text()
	r.Positives = in.ids()
	r.Partial = in.number() == 1
	r.Negatives = in.ids()
	r.Split = in.text()
	if in.bad || len(in.rest) > 0 {
		return Row{}, errRecord
	}
	return r, nil
}

// input reads a record from its begin; bad is set once it makes no sense.
type input struct {
	rest []byte
	bad  bool
}

func (in *input) number() uint64 {
	v, n := binary.Uvarint(in.rest)
	if n <= 0 {
		in.bad, in.rest = true, nil
		return 0
	}
	in.rest = in.rest[n:]
	return v
}

// length reads how many bytes or items follow, none of them shorter than a byte.
func (in *input) length() int {
	n := in.number()
	if n > uint64(len(in.rest)) {
		in.bad = true
		return 0
	}
	return int(n)
}

func (in *input) text() string {
	n := in.length()
	s := string(in.rest[:n])
	in.rest = in.rest[n:]
	return s
}

func (in *input) ids() []int32 {
	n := in.length()
	if n == 0 {
		return nil
	}
	ids := make([]int32, n)
	last := int32(0)
	for i := range ids {
		last += int32(in.number())
		ids[i] = last
	}
	return ids
}

// entryBytes is the length of an index entry: where a record begins and how
// long it is.
const entryBytes = 8 + 4

func encodeEntry(at int64, length int) (e [entryBytes]byte) {
	binary.LittleEndian.PutUint64(e[:], uint64(at))
	binary.LittleEndian.PutUint32(e[8:], uint32(length))
	return e
}

func decodeEntry(e [entryBytes]byte) (at int64, length int) {
	return int64(binary.LittleEndian.Uint64(e[:])), int(binary.LittleEndian.Uint32(e[8:]))
}
