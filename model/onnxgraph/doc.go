// Package onnxgraph writes computations as ONNX models, from Go.
//
// A Builder collects values and the nodes that compute them; its methods are
// operators that take handles of values and return new ones:
//
//	b := onnxgraph.New("double")
//	x := b.Input("x", onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(3))
//	b.Output("y", b.Mul(x, b.Scalar(2)), onnxgraph.Float32, onnxgraph.Free("n"), onnxgraph.Size(3))
//	model, err := b.Bytes()
//
// The same calls give the same bytes. Mistakes (an attribute of an unknown
// kind, a tensor whose shape does not fit) are kept and reported by Bytes.
package onnxgraph
