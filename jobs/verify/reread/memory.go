package reread

import "os"

// Bytes that the child may use.
const (
	baseMemory = 2 << 30 // batches, pages and the runtime
	rowMemory  = 4 << 10 // facts about one manifest row
	fileFactor = 8       // a file's share, per byte
)

// memoryLimit is what an honest part needs at most: the vocabulary is held in
// memory, and of the images table the ranked tags; the reader buffers whole
// column chunks.
func memoryLimit(r Request) uint64 {
	limit := uint64(baseMemory)
	if info, err := os.Stat(r.Images); err == nil { // a row takes a byte at least
		limit += uint64(min(r.Rows, info.Size())) * rowMemory
	}
	for _, path := range []string{r.Vocab, r.Images, r.Tags, r.Embeddings} {
		if info, err := os.Stat(path); err == nil {
			limit += uint64(info.Size()) * fileFactor
		}
	}
	return limit
}
