// Package columnar reads and writes the four tables of a dataset: images, tags,
// embeddings and vocab. It also reads and writes labelled images, from whatever
// program they come, and writes what an evaluation says of each tag.
//
// Files are Parquet with zstd, statistics and a page index. Lists are plain
// three-level LISTs whose elements are required; strings are plain strings,
// also inside lists. Row groups end where this package says so, never in the
// middle of a write.
//
// Readers take files from anywhere: whatever is in them, the result is rows or
// an error, never a panic.
package columnar
