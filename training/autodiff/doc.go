// Package autodiff writes the gradient of an ONNX graph into the same graph, in
// ordinary ONNX operators, so that whatever runs the graph trains it.
//
// Gradients walks the nodes backwards (reverse-mode differentiation). Each
// operator has a rule in a file of its own that turns the gradient with respect
// to its output into those with respect to its inputs. All shapes must be
// fixed: inputs with a free axis cannot be differentiated through.
//
// A gradient that is the same along an axis is kept at length 1 there and
// broadcast where it meets another; Gradients returns every one in full.
package autodiff
