package storage

import (
	"context"
	"fmt"
	"io"
)

// ReadAll returns the content of an object. It is ErrTooLarge if it holds more
// than maxBytes, found before the body is read where the store tells the size;
// a negative maxBytes means no limit. A body that ends early is read again.
func (b *Bucket) ReadAll(ctx context.Context, key string, maxBytes int64) ([]byte, Attrs, error) {
	return b.readInto(ctx, key, nil, maxBytes)
}

// readInto is ReadAll into the memory of buf, grown as needed.
func (b *Bucket) readInto(ctx context.Context, key string, buf []byte, maxBytes int64) ([]byte, Attrs, error) {
	var attrs Attrs
	tried, err := b.do(ctx, "read", key, func(ctx context.Context, full string) (err error) {
		buf, attrs, err = b.readOnce(ctx, full, buf, maxBytes)
		return err
	})
	attrs.Attempts = tried
	if err != nil {
		buf = buf[:0]
	}
	return buf, attrs, err
}

// readOnce makes one attempt. It always returns a buffer to use again.
func (b *Bucket) readOnce(ctx context.Context, full string, buf []byte, maxBytes int64) ([]byte, Attrs, error) {
	body, attrs, err := b.store.open(ctx, full, 0, -1)
	if err != nil {
		return buf[:0], attrs, err
	}
	defer body.Close()
	buf, err = readBody(body, attrs.Size, buf, maxBytes)
	if attrs.Size < 0 {
		attrs.Size = int64(len(buf))
	}
	return buf, attrs, err
}

// readBody reads a body of size bytes (-1: unknown) into buf, at most maxBytes.
// It always returns a buffer to use again.
func readBody(body io.Reader, size int64, buf []byte, maxBytes int64) ([]byte, error) {
	buf = buf[:0]
	if maxBytes >= 0 && size > maxBytes {
		return buf, tooLarge(size, maxBytes)
	}
	if size < 0 || size > trustedBytes {
		return readUnsized(body, size, buf, maxBytes)
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	n, err := readFull(body, buf[:size])
	if err == nil {
		err = checkEnd(body)
	}
	if err != nil {
		return buf[:0], bodyError(err, int64(n), size)
	}
	return buf[:size], nil
}

// readFull is io.ReadFull that keeps an error which comes with the last bytes: that
// a checksum is wrong comes then.
func readFull(body io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = body.Read(p[n:])
		n += m
	}
	if n == len(p) && err == io.EOF {
		err = nil
	}
	return n, err
}

// checkEnd reads the end of a body whose bytes are all there: only with it comes
// what is to be said of them.
func checkEnd(body io.Reader) error {
	for {
		n, err := body.Read(make([]byte, 1))
		switch {
		case n > 0:
			return fmt.Errorf("%w: the body is longer than its length", ErrTransient)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// trustedBytes is the largest announced size that memory is taken for at once.
const trustedBytes = 256 << 20

// readUnsized reads a body whose length the store did not tell, or whose
// announced size is not worth trusting; memory grows with what arrives.
func readUnsized(body io.Reader, size int64, buf []byte, maxBytes int64) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, max(64<<10, len(buf)))...)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if maxBytes >= 0 && int64(len(buf)) > maxBytes {
			return buf[:0], tooLarge(int64(len(buf)), maxBytes)
		}
		if err == io.EOF && (size < 0 || int64(len(buf)) == size) {
			return buf, nil
		}
		if err != nil {
			return buf[:0], bodyError(err, int64(len(buf)), size)
		}
	}
}

// bodyError reports a body that ended or failed after n of size bytes.
func bodyError(err error, n, size int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: the body ended after %d of %d bytes", ErrTransient, n, size)
	}
	return err
}

func tooLarge(size, maxBytes int64) error {
	return fmt.Errorf("%w: %d bytes or more, the limit is %d", ErrTooLarge, size, maxBytes)
}
