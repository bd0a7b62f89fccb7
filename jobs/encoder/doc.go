// Package encoder makes bundles of image encoders that other programs wrote as
// ONNX files. What the file tells is read from it, what it leaves open is found by
// running it, and what only people can know is asked for, all at once.
//
// Before a bundle is written, the encoder embeds a few images together and one by
// one: an encoder whose images influence one another, as many that were exported
// carelessly do, then gets one image a run.
package encoder
