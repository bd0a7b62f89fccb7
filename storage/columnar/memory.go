package columnar

// EmbeddingMemory is an upper bound in bytes of what an EmbeddingWriter holds
// that gets so many rows of so many bytes.
func EmbeddingMemory(rows, rowBytes int64) int64 {
	return groupMemory(min(rows, embeddingGroupRows), rowBytes)
}

// RowMemory is the same for an ImageWriter or a TagWriter.
func RowMemory(rows, rowBytes int64) int64 { return groupMemory(min(rows, groupRows), rowBytes) }

// groupMemory is that of a row group: the values in buffers that double as they
// grow, the old beside the new, and once more encoded.
func groupMemory(rows, rowBytes int64) int64 { return 4 * min(rows*rowBytes, groupBytes+rowBytes) }
