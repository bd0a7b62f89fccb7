// Package torchfile reads PyTorch checkpoints, of the zip format and of the
// stream format that came before it, and the pickles that come with them,
// without running what they hold.
//
// Open reads the structure of a checkpoint and leaves the numbers in the file;
// Tensor reads one of them. Globals that are not on the allow-list stay opaque,
// and only a tensor that depends on one cannot be read. ReadPickle,
// ReadNumpyArray, ReadStringList and ReadIntStringDict read plain pickles, NumPy
// arrays included.
package torchfile
