package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
)

func TestAPromotionThatWasOvertakenIsTriedAgain(t *testing.T) {
	var out bytes.Buffer
	if status := finish(&out, fmt.Errorf("pointer models/current: %w: it names another", jobs.ErrChanged)); status != exitTransient {
		t.Errorf("status %d", status)
	}
	if !strings.Contains(out.String(), "hint: run the same command again") {
		t.Errorf("got %q", out.String())
	}
}
