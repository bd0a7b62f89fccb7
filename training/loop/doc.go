// Package loop runs a training from its first step to its last, over
// interruptions.
//
// # Batches
//
// A Source gives batches from an endless sequence of passes over the images,
// each in an order of its own that follows from the seed. An image that cannot
// be had is passed over and the next takes its place, so batches are always
// full. An epoch is as many steps as a pass has full batches.
//
// # What a kill costs
//
// The state after a step, and with it all that follows, is a function of the
// settings, the labels and the images: shuffling and augmentation are drawn
// from the seed and the place in the sequence, never from a running generator.
// A checkpoint (Store) holds parameters, moments and the place. A training that
// goes on from one ends with the weights it would have had.
package loop
