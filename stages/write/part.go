package write

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// part is a file on its way to the store, hashed as it goes.
type part struct {
	table string
	key   string
	out   *storage.Writer
	sum   hash.Hash
	bytes int64
}

func newPart(ctx context.Context, b *storage.Bucket, table, key string) (*part, error) {
	out, err := b.NewWriter(ctx, key)
	if err != nil {
		return nil, err
	}
	return &part{table: table, key: key, out: out, sum: sha256.New()}, nil
}

// Write implements io.Writer.
func (p *part) Write(data []byte) (int, error) {
	n, err := p.out.Write(data)
	p.sum.Write(data[:n])
	p.bytes += int64(n)
	return n, err
}

// publish makes the file durable under its key.
func (p *part) publish(rows int64) (dataset.File, error) {
	if err := p.out.Close(); err != nil {
		return dataset.File{}, err
	}
	return dataset.File{
		Table: p.table, Key: p.key, Bytes: p.bytes, SHA256: hex.EncodeToString(p.sum.Sum(nil)), Rows: rows,
	}, nil
}
