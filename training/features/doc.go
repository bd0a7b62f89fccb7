// Package features keeps what a net's stages make of images, so that its head
// can be trained without running them again: computed once, stored as an
// embeddings table with matrices of one row, read from a scratch file in any
// order.
package features
