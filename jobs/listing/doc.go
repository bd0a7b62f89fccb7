// Package listing makes manifests: it lists the objects below a folder, or those
// that a pattern names, in any store, and writes a row for each image.
//
// Pages of the listing stream into row groups: what is held is one page, one row
// group and, where a sample is asked for, the sample.
package listing
