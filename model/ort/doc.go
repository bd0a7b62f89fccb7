// Package ort runs ONNX graphs with the ONNX Runtime library. It is the only
// package that imports the library's binding: all else takes its types.
//
// The order of use is Find, Load (once per process), then any number of
// sessions: an Embedder for images, a Scorer for tags, a Session for any other
// graph. Sessions may live side by side; one session serves one goroutine at a
// time.
//
// Memory: a Run lends Go slices to the library, pinned for the call and no
// longer. Nothing is copied on the way in or out.
//
// Cancellation: the library looks at a cancelled context between two
// operators, so a Run ends some milliseconds later with the context's cause.
package ort
