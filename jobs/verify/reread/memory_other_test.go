//go:build !linux

package reread_test

const allocate = "__allocate"

func takeTooMuch() {}
