package reread_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// FuzzCheck has the second reader go over any bytes as a table of a part that is
// else whole: an answer that can be sent. What takes too much memory or time ends
// the child, which is not started here.
func FuzzCheck(f *testing.F) {
	p := newPart()
	p.images, p.embeddings = p.images[:2], p.embeddings[:1]
	p.request.Rows, p.request.Carried = 2, nil
	p.label(maxProduct)
	for _, format := range columnar.Formats {
		p.format = format
		r := p.write(f)
		for at, path := range []string{r.Images, r.Tags, r.Embeddings, r.Vocab} {
			data, err := os.ReadFile(path)
			ok(f, err)
			f.Add(data, uint8(at))
		}
	}
	p.format = columnar.Parquet
	whole := p.write(f)
	path := filepath.Join(f.TempDir(), "table")
	f.Fuzz(func(t *testing.T, data []byte, table uint8) {
		ok(t, os.WriteFile(path, data, 0o600))
		r := whole
		*[]*string{&r.Images, &r.Tags, &r.Embeddings, &r.Vocab}[table%4] = path
		runHere(t, r)
	})
}
