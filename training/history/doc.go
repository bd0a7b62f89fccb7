// Package history keeps the numbers of a training and shows them: as lines of
// JSON while it runs, as a Parquet table for a warehouse, and as one HTML page
// with curves that needs neither network nor script.
//
// A Log appends one line an event. A training that was cut off goes on in the
// same log: it repeats the steps since its last checkpoint, and a History takes
// the later telling of a step.
package history
