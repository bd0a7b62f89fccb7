package manifest

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/sdl-batch/sdl-batch/storage"
)

// digest hashes and counts what is read, and stops when its context ends.
type digest struct {
	ctx context.Context
	r   io.Reader
	sum hash.Hash
	n   int64
}

func (d *digest) Read(p []byte) (int, error) {
	if d.ctx.Err() != nil {
		return 0, context.Cause(d.ctx)
	}
	n, err := d.r.Read(p)
	d.sum.Write(p[:n])
	d.n += int64(n)
	return n, err
}

func (d *digest) hex() string { return hex.EncodeToString(d.sum.Sum(nil)) }

// pinned fails with storage.ErrChanged when a manifest is not the one planned.
func pinned(got, want storage.Attrs) error {
	if got.Size != want.Size || got.Version != want.Version {
		return fmt.Errorf("the manifest has changed since the run was planned (%d bytes, version %s; then %d bytes, version %s): %w",
			got.Size, got.Version, want.Size, want.Version, storage.ErrChanged)
	}
	return nil
}
