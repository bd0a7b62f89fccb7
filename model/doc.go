// Package model holds the two things that a labelling needs beside images: the
// bundle (a network with the description of its input and output) and the
// vocabulary (tags with their vectors).
//
// A bundle is a folder in any store:
//
//	model.json            Description: architecture, preprocessing, label space, digests, lineage
//	embed.onnx            pixels uint8 [n,S,S,3] -> embedding float32 [n,K,D]
//	weights.safetensors   the parameters as trained: norms signed and unfolded
//
// Or an image encoder that another program wrote, as it is, which EmbedGraph
// gives the same interface (package foreign):
//
//	model.json            with the encoder's input and output
//	encoder.onnx
//
// A pointer is one small object beside bundles' folders, by custom called current,
// that names one of them; whoever opens it opens that bundle.
//
// Row k of the embedding matrix is scored against a tag's vector by a dot
// product, so both must live in one label space. The bundle therefore keeps a
// few dozen anchor tags with their vectors, and CheckVocabulary compares them.
//
// Nothing here runs a network; package model/ort does.
package model
