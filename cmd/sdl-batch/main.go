// Command sdl-batch labels image lakes: from a manifest of image URIs it writes
// ranked seen and unseen tags and embedding matrices as Parquet tables.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build.
var version = "dev"

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted by a signal")

func main() {
	ctx, stop := interruptible()
	err := newRoot().ExecuteContext(ctx)
	stop()
	os.Exit(finish(os.Stderr, err))
}

// interruptible returns a context that the first SIGINT or SIGTERM ends. The
// second ends the process at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted)
		<-signals
		os.Exit(exitTransient)
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}
