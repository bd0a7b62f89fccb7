// Package foreign adapts ONNX image encoders that other programs wrote to the
// interface that this program's own graphs have:
//
//	pixels uint8 [n,S,S,3] -> embedding float32 [n,K,D]
//
// A Spec says what the encoder takes and gives. Adapt puts the nodes in front of
// and behind it that make up the difference, and leaves out what its output does
// not need, such as the text half of a two-sided model. The nodes keep one form
// over the operator sets 7 to 24: Cast, Transpose, Mul, Add, Reshape, Gather.
//
// Nothing here runs a graph, and nothing of it is trusted: bytes of any kind give
// an error or a model that package ort checks like every other.
package foreign
