package labels

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// digest hashes rows in their canonical form.
type digest struct {
	hash hash.Hash
	buf  []byte
}

func newDigest() digest {
	d := digest{hash: sha256.New()}
	d.hash.Write([]byte("sdl labels 1\n"))
	return d
}

// add takes a row whose tags are sorted, each once.
func (d *digest) add(l columnar.Label) {
	d.buf = appendText(d.buf[:0], l.URI)
	d.buf = appendTexts(d.buf, l.Positives)
	d.buf = append(d.buf, flag(l.Partial))
	d.buf = appendTexts(d.buf, l.Negatives)
	d.buf = appendText(d.buf, l.Split)
	d.hash.Write(d.buf)
}

func (d *digest) sum() string { return "sha256:" + hex.EncodeToString(d.hash.Sum(nil)) }

func appendTexts(to []byte, values []string) []byte {
	to = binary.AppendUvarint(to, uint64(len(values)))
	for _, v := range values {
		to = appendText(to, v)
	}
	return to
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
