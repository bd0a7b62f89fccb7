// Package onnxpb holds the ONNX model format, generated from onnx.proto of the
// ONNX project (Apache-2.0, version 1.12: IR version 8).
package onnxpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go_opt=Monnx.proto=github.com/sdl-batch/sdl-batch/model/onnxgraph/onnxpb onnx.proto
