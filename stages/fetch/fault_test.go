package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/storage"
)

// outage is a store of numbered objects that is silent for a while.
type outage struct {
	mu     sync.Mutex
	reads  int
	silent func(uri string, read int) bool
	seen   map[string]int
}

func (s *outage) read(_ context.Context, uri string, maxBytes int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[uri]++
	if s.silent(uri, s.reads) {
		return nil, fmt.Errorf("no route: %w", storage.ErrTransient)
	}
	if maxBytes < 1 {
		return nil, storage.ErrTooLarge
	}
	return []byte("x"), nil
}

// everyRow checks that each row came once, and returns those that were rejected.
func everyRow(t *testing.T, got []pipeline.Object, n int) (rejected []int64) {
	t.Helper()
	seen := map[int64]bool{}
	for _, o := range got {
		if seen[o.Number] {
			t.Errorf("row %d came twice", o.Number)
		}
		seen[o.Number] = true
		if o.Reject != nil {
			rejected = append(rejected, o.Number)
		}
	}
	if len(seen) != n {
		t.Errorf("%d rows of %d", len(seen), n)
	}
	return rejected
}

// TestRowsOutliveAnOutage: a store that is silent for a while and comes back costs
// no row.
func TestRowsOutliveAnOutage(t *testing.T) {
	for _, workers := range []int{1, 8} {
		s := &outage{silent: func(_ string, read int) bool { return read > 50 && read < 90 }}
		out := &sink{}
		config := fetch.Config{Workers: workers, Patience: 2 * time.Second} // a look every 200 ms
		if err := flow(t.Context(), rows{n: 200}, &fetch.Stage{Reader: reader(s.read), Config: config}, out); err != nil {
			t.Fatal(err)
		}
		if rejected := everyRow(t, out.got, 200); len(rejected) > 0 {
			t.Errorf("%d workers: rows %v were rejected", workers, rejected)
		}
	}
}

// TestTheEndOfAListIsNoExcuse: a store that falls silent before the last rows, be
// it the very last, ends the job; none of them is blamed.
func TestTheEndOfAListIsNoExcuse(t *testing.T) {
	for _, left := range []int{1, 5} {
		s := &outage{silent: func(_ string, read int) bool { return read > 20-left }}
		out := &sink{}
		config := fetch.Config{Workers: 4, Patience: 50 * time.Millisecond}
		err := flow(t.Context(), rows{n: 20}, &fetch.Stage{Reader: reader(s.read), Config: config}, out)
		if !errors.Is(err, storage.ErrTransient) || out.complete {
			t.Errorf("the last %d rows: error %v", left, err)
		}
		for _, o := range out.got {
			if o.Reject != nil {
				t.Errorf("row %d: %+v", o.Number, o.Reject)
			}
		}
	}
}

// TestAnObjectThatStaysAway, wherever in the list it is, alone or as one of many
// in a row, is its own reject while its store gives others.
func TestAnObjectThatStaysAway(t *testing.T) {
	gone := map[string]bool{"s3://b/39": true}
	for i := 10; i < 30; i++ {
		gone[fmt.Sprintf("s3://b/%d", i)] = true
	}
	for _, workers := range []int{1, 8} {
		s := &outage{silent: func(uri string, _ int) bool { return gone[uri] }}
		out := &sink{}
		config := fetch.Config{Workers: workers, Patience: time.Second}
		if err := flow(t.Context(), rows{n: 40}, &fetch.Stage{Reader: reader(s.read), Config: config}, out); err != nil {
			t.Fatal(err)
		}
		if rejected := everyRow(t, out.got, 40); len(rejected) != len(gone) {
			t.Errorf("%d workers: rows %v were rejected", workers, rejected)
		}
		for _, o := range out.got {
			if o.Reject != nil && (!gone[o.URI] || o.Reject.Code != fetch.CodeUnavailable || !o.Reject.Retryable) {
				t.Errorf("row %d: %+v", o.Number, o.Reject)
			}
		}
		for uri, n := range s.seen {
			if gone[uri] && n > 2 {
				t.Errorf("%s was read %d times", uri, n)
			}
		}
	}
}

// TestCredentialsThatRunOutInAnOutage are found when the store is asked again.
func TestCredentialsThatRunOutInAnOutage(t *testing.T) {
	reads := 0
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		switch reads++; {
		case reads <= 5:
			return []byte("x"), nil
		case reads <= 8:
			return nil, storage.ErrTransient
		}
		return nil, storage.ErrAzureCredentials
	})
	out := &sink{}
	config := fetch.Config{Workers: 1, Patience: 500 * time.Millisecond}
	err := flow(t.Context(), rows{n: 6}, &fetch.Stage{Reader: read, Config: config}, out)
	if !errors.Is(err, storage.ErrAzureCredentials) {
		t.Errorf("error %v", err)
	}
}

// TestAPartOfAStoreThatIsDown: rows that fail one after another are no rejects
// without end because the store still gives what it gave before.
func TestAPartOfAStoreThatIsDown(t *testing.T) {
	good := map[string]bool{}
	for i := range 20 {
		good[fmt.Sprintf("s3://b/%d", i)] = true
	}
	s := &outage{silent: func(uri string, _ int) bool { return !good[uri] }}
	out := &sink{}
	config := fetch.Config{Workers: 8, Patience: time.Second}
	err := flow(t.Context(), rows{n: 1000}, &fetch.Stage{Reader: reader(s.read), Config: config}, out)
	if !errors.Is(err, storage.ErrTransient) || out.complete || len(out.got) > 20+64+8 {
		t.Errorf("error %v after %d rows", err, len(out.got))
	}
}

// TestNamesThatNoStoreIsAskedFor, being malformed, are no answers of a store that
// is silent: what is rejected with them between is nothing else.
func TestNamesThatNoStoreIsAskedFor(t *testing.T) {
	var silent atomic.Bool
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		switch {
		case strings.HasSuffix(uri, "?"):
			silent.Store(true)
			return nil, storage.ErrInvalid
		case silent.Load():
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	name := func(i int) string {
		if i > 20 && i%2 == 1 {
			return fmt.Sprintf("s3://b/%d?", i)
		}
		return fmt.Sprintf("s3://b/%d", i)
	}
	out := &sink{}
	config := fetch.Config{Workers: 1, Patience: 100 * time.Millisecond}
	err := flow(t.Context(), rows{n: 400, name: name}, &fetch.Stage{Reader: read, Config: config}, out)
	if !errors.Is(err, storage.ErrTransient) || out.complete {
		t.Errorf("error %v after %d rows", err, len(out.got))
	}
	for _, o := range out.got {
		if o.Reject != nil && o.Reject.Code != fetch.CodeInvalidURI {
			t.Errorf("row %d: %+v", o.Number, o.Reject)
		}
	}
}
