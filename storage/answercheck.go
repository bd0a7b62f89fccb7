package storage

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"hash"
	"io"
	"strings"
)

// checkRange refuses the answer to a range of an object that is not that range:
// what stands before a store may not know ranges and sends all of the object, whose
// begin would pass for its middle. contentRange is the answer's header.
func checkRange(contentRange string, offset int64) error {
	if offset == 0 || strings.HasPrefix(contentRange, fmt.Sprintf("bytes %d-", offset)) {
		return nil
	}
	return fmt.Errorf("%w: asked from byte %d, it sent %q", errForeign, offset, contentRange)
}

// withDigest compares a body, at its end, with the MD5 that the store sent with
// it; nil compares nothing.
func withDigest(body io.ReadCloser, want []byte) io.ReadCloser {
	if len(want) != md5.Size {
		return body
	}
	return &digestBody{ReadCloser: body, want: want, sum: md5.New()}
}

type digestBody struct {
	io.ReadCloser
	want []byte
	sum  hash.Hash
}

func (b *digestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.sum.Write(p[:n])
	if err == io.EOF && !bytes.Equal(b.sum.Sum(nil), b.want) {
		return n, errCorrupt
	}
	return n, err
}
