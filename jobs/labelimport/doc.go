// Package labelimport makes labelled Parquet of the label files of known sets:
// COCO, NUS-WIDE and Open Images (package training/sources).
//
// Tags are joined with a vocabulary by name, never by their place in a file.
// What a set does not judge stays unknown: where the vocabulary has tags that the
// set lacks, each row lists its negatives, so that a missing tag is not taken for
// a negative one.
package labelimport
