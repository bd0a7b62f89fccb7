// Package history keeps the numbers of a training and shows them: as lines of
// JSON while it runs, as a Parquet table for a warehouse, and as one HTML page
// with curves that needs neither network nor script.
//
// A Log writes one line an event. A training that was cut off tells the steps
// since its last checkpoint again, and a History takes the later telling of a step.
package history
