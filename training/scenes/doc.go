// Package scenes draws labelled pictures to train, test and show the method on:
// a few coloured, textured shapes on a plain ground, with the tags that are true
// of them. Everything follows from a seed and an index; nothing is stored.
//
// The tags' vectors are fixed before any training and carry the meaning that
// zero-shot tagging needs. They live in sixteen dimensions, in four blocks:
//
//	0-4    colour: the hue circle's first and second harmonic, lightness
//	5-9    shape: round, square, spiky, long, hollow
//	10-13  texture: the stripes' direction (twice the angle), striped, spotted
//	14-15  size, as an angle from large over medium to small
//
// A tag's vector has unit length and lies in the block of its group; that of a
// hypernym (warm, round, striped) is the direction its members share. Tags are
// fuzzy as people's are: a hue between two names carries both. Some tags of every
// group are unseen.
package scenes
