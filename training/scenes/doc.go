// Package scenes draws labelled pictures to train, test and show the method on:
// one to three panels, each a patterned cloth with a coloured shape on it, and
// the tags that are true of them. Everything follows from a seed and an index;
// nothing is stored.
//
// The tags' vectors are fixed before any training and carry the meaning that
// zero-shot tagging needs. They live in eighteen dimensions, in five blocks:
//
//	0-5    colour: the hue circle's first three harmonics
//	6      lightness: pale or dark
//	7-11   shape: round, square, pointed, long, hollow
//	12-16  texture: the way it runs (cosine and sine of twice the angle, cosine of
//	       four times the angle), and what it is made of, a point in the plane
//	17     size: large or small
//
// A tag's vector has unit length and lies in the block of its group; that of a
// hypernym (warm, hollow, slanted) is the direction that its members share. Tags
// are fuzzy as people's are: a hue between two names carries both, as do stripes
// between two directions; a frame is a square, too. Some colours, shapes and
// textures are unseen. Each is a new place on a circle that seen tags go round,
// or a new pair of properties that seen tags have one by one: square and hollow,
// crossed and upright.
package scenes
