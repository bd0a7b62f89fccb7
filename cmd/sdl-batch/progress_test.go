package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/sdl-batch/sdl-batch/jobs/label"
)

func halfway() label.Progress {
	return label.Progress{Rows: 6, Rejected: 1, Total: 12, PerSecond: 2.5, Remaining: 2400 * time.Millisecond, Bottleneck: "infer"}
}

func TestBarShowsWhereTheJobIs(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, mpb.WithAutoRefresh())
	b.show(label.Planned{RunID: "nightly", Rows: 20, DoneRows: 8, Shards: 3, Resumed: true})
	b.show(label.Warned{Message: "odd"})
	b.show(halfway())
	b.done()
	for _, want := range []string{"run nightly: 20 rows in 3 shards, going on after 8 rows\n", "warning: odd\n", "nightly", "6 / 12", "2.5/s  2s left  1 rejected  waits for infer"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%q", want, out.String())
		}
	}
}

func TestLinesComeEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	l := newLines(&out)
	l.show(halfway())
	if out.Len() > 0 {
		t.Errorf("a line at once: %s", out.String())
	}
	l.last = l.last.Add(-logEvery)
	l.show(halfway())
	l.show(halfway())
	want := "rows=6 of=12 rejected=1 images_per_s=2.5 left=2s bottleneck=infer\n"
	if strings.Count(out.String(), want) != 1 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %s", out.String())
	}
}

func TestNoRateNoPromise(t *testing.T) {
	p := halfway()
	p.Bottleneck = ""
	if got := waiting(p); got != "" {
		t.Errorf("waits for nobody: %q", got)
	}
	p.PerSecond = 0
	if got := left(p); got != "unknown time" {
		t.Errorf("got %q", got)
	}
	p.Rows = p.Total
	if p.Remaining = 0; left(p) != "0s" {
		t.Errorf("got %q", left(p))
	}
}
