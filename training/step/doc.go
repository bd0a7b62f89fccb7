// Package step runs the steps of a training: one ONNX graph holds the forward
// pass, the loss, the gradients and the optimiser's update, and runs wherever
// inference runs.
//
// Parameters, running statistics and moments lie in host memory, in two sets:
// a step reads one and writes the other, then they change places: 24 bytes a
// parameter in all, plus the activations of a batch.
package step
