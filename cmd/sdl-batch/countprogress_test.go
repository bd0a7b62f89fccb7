package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/sdl-batch/sdl-batch/jobs/labelimport"
	"github.com/sdl-batch/sdl-batch/jobs/listing"
)

func TestATickerShowsTheLastCount(t *testing.T) {
	var out bytes.Buffer
	ticker := newTicker(&out, listingWords, mpb.WithAutoRefresh())
	ticker.show(listing.Progress{Objects: 7, Matched: 5})
	ticker.show(listing.Progress{Objects: 9, Matched: 6})
	time.Sleep(300 * time.Millisecond) // it is drawn every 150
	ticker.done()
	if !strings.Contains(out.String(), "9 objects listed, 6 of them for the manifest") {
		t.Errorf("got %q", out.String())
	}
}

func TestAnImportTellsWhatItReadsThenWhatItWrites(t *testing.T) {
	if got := importWords(labelimport.Progress{Labels: 12}); got != "12 labels read" {
		t.Error(got)
	}
	if got := importWords(labelimport.Progress{Images: 3}); got != "3 images written" {
		t.Error(got)
	}
}
