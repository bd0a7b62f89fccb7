// Package wordvectors reads vectors of words that are written as text, a word
// and its numbers a line, as GloVe writes them, and word2vec and fastText (.vec)
// below a header that tells how many words and dimensions there are.
//
// Files have millions of lines. One line is in memory at a time, besides the
// vectors of the words that are asked for.
package wordvectors
