package storage_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == childCommand {
		os.Exit(createOnceChild(os.Args[2], os.Args[3]))
	}
	goleak.VerifyTestMain(storagetest.Served{Tests: m})
}
