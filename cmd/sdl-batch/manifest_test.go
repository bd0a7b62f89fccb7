package main

import (
	"testing"
	"time"
)

func TestSinceIsADayATimeOrHowLongAgo(t *testing.T) {
	now := time.Date(2026, 11, 25, 2, 15, 0, 0, time.FixedZone("east", 3600))
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-11-24":                time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		"2026-11-25":                time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
		"2026-11-24T12:30:00+02:00": time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC),
		"36h":                       now.Add(-36 * time.Hour),
		"1h30m":                     now.Add(-90 * time.Minute),
		"7d":                        now.Add(-7 * 24 * time.Hour),
	} {
		if got, err := parseSince(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"0h", "-1h", "0d", "-3d", "99999d", "1.5d", "yesterday", "2026-13-01", "2026-11-25 02:15", "2026-11-26", "2026-11-25T02:16:00+01:00"} {
		if got, err := parseSince(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
