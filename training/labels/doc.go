// Package labels reads sets of labelled images: Parquet tables that say of an
// image which tags are true of it (package storage/columnar, Labels).
//
// A set may have any number of rows: they are written to a scratch file on the
// local disk as they are read, and from there come back one by one, in any
// order. What stays in memory is the names of the parts and a bounded count of
// tags that the vocabulary does not have.
package labels
