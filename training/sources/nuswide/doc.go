// Package nuswide reads the label files of NUS-WIDE. All are text, a row for
// each image in the order of an image list:
//
//	Imagelist.txt               actor\0001_2124494179.jpg
//	AllLabels/Labels_sky.txt    0 or 1: is the concept true of the image
//	AllTags1k.txt               0 and 1, tab-separated: does the image have the tag
//	Concepts81.txt              the concepts, one a line
//	TagList1k.txt               the tags, one a line, in the order of the columns
//	TrainImagelist.txt          names of the image list that are of this part
//
// An image's concepts were judged by people, its tags given by whoever uploaded
// it. 75 of the 1,000 tags are concepts, too; of those the judgement counts, so
// that 925 tags and 81 concepts remain: the seen and the unseen tags.
package nuswide
