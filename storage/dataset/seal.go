package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Seal holds digests of the records that a commit rests on and of the commit
// itself, by which an altered one is found.
type Seal struct {
	Plan     string   `json:"plan"`
	Receipts []string `json:"receipts"` // by shard
	Commit   string   `json:"commit"`   // of the commit with this field empty
}

// NewSeal seals a commit. A receipt may be nil, where it cannot be read; its
// digest is "".
func NewSeal(c *Commit, p *Plan, receipts []*Receipt) *Seal {
	s := &Seal{Plan: Digest(p), Receipts: make([]string, len(receipts))}
	for i, r := range receipts {
		if r != nil {
			s.Receipts[i] = Digest(r)
		}
	}
	s.Commit = c.digest(s)
	return s
}

// Intact reports whether the commit says what it said when it was sealed; one
// that never was is not.
func (c *Commit) Intact() bool { return c.Seal != nil && c.Seal.Commit == c.digest(c.Seal) }

// digest is that of the commit under a seal, whose own digest of it is left out.
func (c *Commit) digest(s *Seal) string {
	bare, open := *c, *s
	open.Commit, bare.Seal = "", &open
	return Digest(bare)
}

// Digest is the SHA-256, in hexadecimal, of what a record says: of its fields,
// not of the spaces between them. So that digests stay, a field that is added to
// a record later is left out of its JSON while it has no value.
func Digest(record any) string {
	text, err := json.Marshal(record)
	if err != nil {
		panic("dataset: record does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// encode is a record's text as it is stored.
func encode(record any) ([]byte, error) {
	text, err := json.MarshalIndent(record, "", " ")
	return append(text, '\n'), err
}

// AsWritten reports whether text is that of a record, byte for byte: it has no
// field that the record does not know.
func AsWritten(text []byte, record any) bool {
	want, err := encode(record)
	return err == nil && bytes.Equal(text, want)
}
