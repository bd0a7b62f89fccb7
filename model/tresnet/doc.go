// Package tresnet holds the TResNet image network with a semantic diversity
// head: its architectures, its parameters under the names of the reference
// checkpoints, and its inference graph.
//
// An image becomes an embedding matrix of K rows and D columns. The reference
// lays the matrix out as (D,K); parameters keep that layout, graphs give (K,D).
package tresnet
