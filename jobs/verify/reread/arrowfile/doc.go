// Package arrowfile reads Arrow IPC files, written from the specification of the
// format and nothing else: FlatBuffers, File.fbs, Schema.fbs and Message.fbs. It
// reads what the tables of a run are made of: 32- and 64-bit integers, floats,
// booleans, text and UTC microseconds, flat or in one list, also as the fields of
// structs in it, buffers compressed with zstd. Everything else is an error.
//
// It is not to be trusted with the file's word: every place and count is checked
// before it is used, and no memory is taken that the file's bytes cannot fill.
package arrowfile
