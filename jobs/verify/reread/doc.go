// Package reread checks one part of a committed run with readers and arithmetic
// of its own, so that a mistake of the program's writer cannot hide behind the
// same mistake of its reader.
//
// Parquet is read by xitongsys/parquet-go, Arrow by package arrowfile below. The
// former is slow and may take its process down on a damaged file. The check
// therefore runs in a child process: Run starts the program
// again as `program __reread`, sends it a Request and reads its Answer; Main is
// that child.
//
// Nothing else of this project is imported here, and no library that the tables
// were written with but for the decoder of zstd: what the tables promise is written down a second time.
package reread
