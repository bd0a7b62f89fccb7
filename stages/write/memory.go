package write

import (
	"unsafe"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

// What a row of a table takes beside its text and what is ranked or embedded.
const (
	imageBytes = 512
	tagBytes   = 96
	rankBytes  = 48 // of a ranked tag in the images table
)

// ShardMemory is an upper bound in bytes of what one open shard holds, files in
// upload not counted: of so many rows, each with so many ranked tags, a matrix of
// so many values and, on average, text bytes of name and carried values.
func ShardMemory(rows, ranks, matrix, text int64) int64 {
	const growing = 9 // quarters: a slice that grows by one, beside its old self
	tags := rows * ranks * int64(unsafe.Sizeof(ranked{})) * growing / 4
	names := rows * (text + int64(unsafe.Sizeof("")))
	return tags + names +
		columnar.EmbeddingMemory(rows, 4*matrix+text) +
		columnar.RowMemory(rows, imageBytes+rankBytes*ranks+text) +
		columnar.RowMemory(rows*ranks, tagBytes+text)
}
