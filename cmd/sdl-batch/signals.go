package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted by a signal")

// grace is how long a job may take to end after the first signal. What is not
// over by then, as an upload that the store does not answer, is left: records are
// created once, last and whole, so that an abrupt end loses nothing that is done.
const grace = 15 * time.Second

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP ends,
// and says so on w. The second one ends the process at once, and so does grace.
func interruptible(w io.Writer) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, heeded()...)
	go func() {
		first := <-signals
		late := time.After(grace)
		say(w, "sdl-batch: %v: stopping; finishing what is under way, again to stop now\n", first)
		cancel(errInterrupted)
		select {
		case <-signals:
			say(w, "sdl-batch: stopped at once\n")
		case <-late:
			say(w, "sdl-batch: error: %v; what was under way did not end within %v and is given up\n", errInterrupted, grace)
		}
		os.Exit(exitTransient)
	}()
	return ctx
}

// heeded are the signals that stop a job, but for those that whoever started the
// program wants ignored, as nohup and the & of a script do.
func heeded() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
}

// say writes to who may have stopped reading: it waits no longer than a second.
func say(w io.Writer, format string, args ...any) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fmt.Fprintf(w, format, args...)
	}()
	select {
	case <-said:
	case <-time.After(time.Second):
	}
}

// outlivePipes makes a write to a pipe without a reader an error: a job goes on
// without whoever read its log. What remains is [readerLeft].
func outlivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// readerLeft tells the end of who reads standard output, as head does.
func readerLeft(err error) bool {
	var failed *os.PathError
	return errors.Is(err, syscall.EPIPE) && errors.As(err, &failed) && failed.Path == os.Stdout.Name()
}
