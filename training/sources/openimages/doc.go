// Package openimages reads the image-level labels of Open Images:
//
//	ImageID,Source,LabelName,Confidence
//	000026e7ee790996,verification,/m/04hgtk,0
//	000026e7ee790996,verification,/m/07j7r,1
//
// and the names of the classes, with a header or without one:
//
//	LabelName,DisplayName
//	/m/07j7r,Tree
//
// 1 says that the class is in the image, 0 that it is not. Nothing is known of a
// class that is not mentioned, nor of one that a machine gave a confidence in
// between.
package openimages
