// Package queries holds SQL that reads a dataset, a folder for each warehouse,
// and the tests that run it on what the program wrote.
//
// It is a module of its own, so that no build of the program fetches a
// database.
package queries
