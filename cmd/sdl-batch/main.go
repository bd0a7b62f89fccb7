// Command sdl-batch labels image lakes: from a manifest of image URIs it writes
// ranked seen and unseen tags and embedding matrices as Parquet tables.
package main

import (
	"io"
	"log"
	"os"

	"github.com/sdl-batch/sdl-batch/jobs"
)

// version is set by the build.
var version = "dev"

func main() {
	log.SetOutput(io.Discard) // libraries' words; what they fail at comes back as an error
	outlivePipes()
	ctx := interruptible(os.Stderr)
	c, err := newRoot().ExecuteContextC(ctx)
	os.Exit(finish(os.Stderr, ofCommand(c, jobs.CauseOf(ctx, err))))
}
