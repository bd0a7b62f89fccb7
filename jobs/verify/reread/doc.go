// Package reread checks one part of a committed run with a Parquet reader and
// arithmetic of its own, so that a mistake of the program's writer cannot hide
// behind the same mistake of its reader.
//
// The reader, xitongsys/parquet-go, is slow and may take its process down on a
// damaged file. It therefore runs in a child process: Run starts the program
// again as `program __reread`, sends it a Request and reads its Answer; Main is
// that child.
//
// Nothing of this project is imported here but the standard library and that
// reader: what the tables promise is written down a second time.
package reread
