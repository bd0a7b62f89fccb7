package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

// Kept is what Keep wrote.
type Kept struct {
	Frames []int64 // byte at which each shard's frame begins
	Bytes  int64
	SHA256 string
}

// Keep writes the rows of a compressed manifest to w, so that each shard is a
// zstd frame of its own and any of them can be read alone: the text from the
// first row on, as it is. A manifest that is not the one of the index any more is
// storage.ErrChanged.
func Keep(ctx context.Context, f File, index Index, w io.Writer) (Kept, error) {
	r, err := f.Bucket.NewReader(ctx, f.Key)
	if err != nil {
		return Kept{}, err
	}
	defer r.Close()
	in := &digest{ctx: ctx, r: r, sum: sha256.New()}
	out := &counted{w: w, sum: sha256.New()}
	k := Kept{}
	if k.Frames, err = frames(in, out, index.Starts); err != nil {
		return Kept{}, err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return Kept{}, err
	}
	if in.hex() != index.SHA256 {
		return Kept{}, errMeanwhile
	}
	k.Bytes, k.SHA256 = out.n, hex.EncodeToString(out.sum.Sum(nil))
	return k, nil
}

var errMeanwhile = fmt.Errorf("the manifest changed while it was planned: %w", storage.ErrChanged)

// frames copies the text between the starts, a frame each, and returns where they
// begin.
func frames(in io.Reader, out *counted, starts []Start) ([]int64, error) {
	text, err := plain.NewReader(in)
	if err != nil {
		return nil, err
	}
	defer text.Close()
	if err := copyText(io.Discard, text, starts[0].Offset); err != nil {
		return nil, err
	}
	frame, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	at := make([]int64, 0, len(starts))
	for i, s := range starts {
		at = append(at, out.n)
		frame.Reset(out)
		length := int64(-1)
		if i+1 < len(starts) {
			length = starts[i+1].Offset - s.Offset
		}
		if err := errors.Join(copyText(frame, text, length), frame.Close()); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// copyText copies length bytes, or all where it is -1.
func copyText(w io.Writer, text io.Reader, length int64) error {
	if length < 0 {
		_, err := io.Copy(w, text)
		return err
	}
	_, err := io.CopyN(w, text, length)
	if err == io.EOF {
		return errMeanwhile
	}
	return err
}

// counted counts and hashes what is written.
type counted struct {
	w   io.Writer
	n   int64
	sum hash.Hash
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	return n, err
}
