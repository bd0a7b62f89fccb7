package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// part names a committed part.
func (c *check) part(table string, shard int) string {
	return dataset.PartKey(table, c.RunID, shard, c.plan.Identity.Files())
}

// fetch copies a committed part to this machine, checking length, digest,
// footer and whose run it is. It returns "" for a part that is not there.
func (c *check) fetch(ctx context.Context, key string) (path string, err error) {
	want, ok := c.parts[key]
	if !ok {
		return "", nil
	}
	digest, path, err := c.copy(ctx, want)
	if errors.Is(err, storage.ErrNotExist) {
		c.report.note(key, "missing", "was committed and is not there")
		return "", nil
	}
	if err != nil {
		return "", err
	}
	c.report.Files++
	c.report.Bytes += want.Bytes
	if digest != want.SHA256 {
		c.report.note(key, "digest", "is %s, %s was committed", digest, want.SHA256)
	}
	return path, c.footer(path, want)
}

// copy copies a part and returns the digest of the copy. Of a part that is longer
// than it was, one byte more than was committed is enough.
func (c *check) copy(ctx context.Context, want dataset.File) (digest, path string, err error) {
	r, err := c.out.NewReader(ctx, want.Key)
	if err != nil {
		return "", "", err
	}
	defer r.Close()
	file, err := os.CreateTemp(c.scratch, "part-*")
	if err != nil {
		return "", "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), io.LimitReader(r, want.Bytes+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return "", "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), file.Name(), nil
}

// footer compares a copy's footer with the commit.
func (c *check) footer(path string, want dataset.File) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := columnar.Open(file, info.Size())
	if err != nil {
		c.report.note(want.Key, "readable", "%v", err)
		return nil
	}
	if format := c.plan.Identity.Files(); string(f.Format) != format {
		c.report.note(want.Key, "format", "is in %s, the run's tables are in %s", f.Format, format)
	}
	if f.Rows != want.Rows {
		c.report.note(want.Key, "rows", "has %d rows, %d were committed", f.Rows, want.Rows)
	}
	if f.Metadata[columnar.SchemaKey] != columnar.SchemaVersion {
		c.report.note(want.Key, "schema", "has schema version %q, want %s", f.Metadata[columnar.SchemaKey], columnar.SchemaVersion)
	}
	if run := f.Metadata[dataset.RunMetadata]; run != c.RunID && want.Table != dataset.Vocab {
		c.report.note(want.Key, "run", "was written for run %q", run)
	}
	return nil
}

// vocabulary checks the vocab table and returns a copy of it for the second
// reader, "" where there is none.
func (c *check) vocabulary(ctx context.Context) (string, error) {
	key := c.part(dataset.Vocab, 0)
	path, err := c.fetch(ctx, key)
	if path == "" || err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	v, err := model.DecodeVocabulary(ctx, data)
	if err != nil {
		c.report.note(key, "readable", "%v", err)
		return "", nil
	}
	if v.ID() != c.plan.Identity.VocabID {
		c.report.note(key, "vocabulary", "is %s, the run was planned with %s", v.ID(), c.plan.Identity.VocabID)
	}
	return path, nil
}
