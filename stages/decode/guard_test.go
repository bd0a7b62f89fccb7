package decode

import (
	"errors"
	"testing"
	"time"
)

// TestAPauseIsNoSlowImage moves the clock on between the questions of a decoder.
func TestAPauseIsNoSlowImage(t *testing.T) {
	const limit = time.Hour
	for _, c := range []struct {
		name  string
		waits []time.Duration
		slow  bool
	}{
		{"stopped for a week", []time.Duration{0, 7 * 24 * time.Hour, time.Minute}, false},
		{"stopped, and half of the limit before", []time.Duration{20 * time.Minute, 9 * time.Minute, 2 * time.Hour}, false},
		{"steadily too long", []time.Duration{20 * time.Minute, 20 * time.Minute, 21 * time.Minute}, true},
		{"two long steps and more", []time.Duration{2 * time.Hour, 2 * time.Hour, time.Minute}, true},
	} {
		var g guard
		g.begin(t.Context(), limit)
		var err error
		for _, wait := range c.waits {
			g.asked = g.asked.Add(-wait)
			err = g.check()
		}
		var e *Error
		if slow := errors.As(err, &e) && e.Code == CodeTimeout; slow != c.slow {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
