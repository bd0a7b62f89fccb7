package storage

import "context"

// Place is a parsed URI, for tests.
type Place struct{ Scheme, Host, Path, Query string }

// Parse reads a URI that may carry options.
func Parse(uri string) (Place, error) {
	a, err := parseFolder(uri)
	return Place{a.scheme, a.host, a.path, a.query}, err
}

// PageObjects sets how many entries a page of a listing has, and returns what
// puts it back.
func PageObjects(n int32) (restore func()) {
	old := pageObjects
	pageObjects = n
	return func() { pageObjects = old }
}

// PlainClient is what vendors' clients send their requests with.
var PlainClient = plainClient

// LookForSteps is what each operation costs more where nobody asked for steps.
func LookForSteps(ctx context.Context) bool { return stepsOf(ctx) != nil }
