package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/storage"
)

// silent is a Reader of the web on which some hosts do not answer.
func silent(dead func(host string) bool) reader {
	return func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if dead(storage.WebHost(uri)) {
			return nil, fmt.Errorf("read: %w", storage.ErrTransient)
		}
		return []byte("x"), nil
	}
}

// rejected counts the objects with a code.
func (s *sink) rejected(code string) (n int) {
	for _, o := range s.got {
		if o.Reject != nil && o.Reject.Code == code {
			n++
		}
	}
	return n
}

// TestDeadWebHostsAreRejects, wherever in a manifest they stand.
func TestDeadWebHostsAreRejects(t *testing.T) {
	const n = 2000
	dead := func(host string) bool { return strings.Contains(host, "dead") }
	for name, host := range map[string]func(i int) string{
		"here and there": func(i int) string { return []string{"dead", "a", "b", "c"}[i%4] },
		"first":          func(i int) string { return []string{"dead", "a", "b", "c"}[i*4/n] },
		"last":           func(i int) string { return []string{"a", "b", "c", "dead"}[i*4/n] },
		"in between":     func(i int) string { return []string{"a", "dead", "b", "c"}[i*4/n] },
		"many":           func(i int) string { return fmt.Sprintf("%s%d", []string{"dead", "a", "b", "c"}[i%4], i) },
	} {
		out := &sink{}
		uri := func(i int) string { return fmt.Sprintf("https://%s.example/%d", host(i), i) }
		if err := flow(t.Context(), rows{n: n, name: uri}, &fetch.Stage{Reader: silent(dead)}, out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rejected := out.rejected(fetch.CodeUnavailable); len(out.got) != n || rejected != n/4 {
			t.Errorf("%s: %d of %d objects are rejects", name, rejected, len(out.got))
		}
	}
}

// TestAWebThatDoesNotAnswerEndsTheJob: be it one host or many, from the begin or
// from then on.
func TestAWebThatDoesNotAnswerEndsTheJob(t *testing.T) {
	for name, hosts := range map[string]int{"one host": 1, "many hosts": 1000} {
		for _, answers := range []int64{0, 100} {
			var asked atomic.Int64
			read := silent(func(string) bool { return asked.Add(1) > answers })
			uri := func(i int) string { return fmt.Sprintf("http://h%d.example/%d", i%hosts, i) }
			out := &sink{}
			err := flow(t.Context(), rows{n: 500, name: uri}, &fetch.Stage{Reader: read, Config: fetch.Config{Patience: 50 * time.Millisecond}}, out)
			if !errors.Is(err, storage.ErrTransient) || !strings.Contains(err.Error(), "no web host has answered for 50ms, http://h") {
				t.Errorf("%s, %d answers: %v", name, answers, err)
			}
			if rejects := out.rejected(fetch.CodeUnavailable); rejects > 40 { // those that were being read beside the last answers
				t.Errorf("%s, %d answers: %d rejects", name, answers, rejects)
			}
		}
	}
}

// TestNamesThatNobodyKnows: a host without an address is its rows' reject, a
// name server that knows nothing is not.
func TestNamesThatNobodyKnows(t *testing.T) {
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if strings.HasPrefix(uri, "http://none") {
			return nil, storage.ErrNoHost
		}
		return []byte("x"), nil
	})
	config := fetch.Config{Patience: 50 * time.Millisecond}
	out := &sink{}
	uri := func(i int) string { return fmt.Sprintf("http://%s.example/", []string{"none", "some"}[i%2]) }
	if err := flow(t.Context(), rows{n: 10, name: uri}, &fetch.Stage{Reader: read, Config: config}, out); err != nil || out.rejected(fetch.CodeNotFound) != 5 {
		t.Errorf("%v, %d rejects", err, out.rejected(fetch.CodeNotFound))
	}
	uri = func(i int) string { return fmt.Sprintf("http://none%d.example/", i) }
	if err := flow(t.Context(), rows{n: 10, name: uri}, &fetch.Stage{Reader: read, Config: config}, &sink{}); !errors.Is(err, storage.ErrTransient) {
		t.Errorf("no name is known: %v", err)
	}
}

// TestWhatWasNotAskedIsNoAnswer: a row that may not be read does not show that
// the web can be reached, one that is refused by its host does.
func TestWhatWasNotAskedIsNoAnswer(t *testing.T) {
	for refusal, down := range map[error]bool{storage.ErrNotAllowed: true, storage.ErrInvalid: true, storage.ErrPermission: false, storage.ErrNotExist: false} {
		read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
			if strings.HasPrefix(uri, "http://dead") {
				return nil, storage.ErrTransient
			}
			return nil, refusal
		})
		uri := func(i int) string { return fmt.Sprintf("http://%s.example/", []string{"dead", "h"}[i%2]) }
		err := flow(t.Context(), rows{n: 20, name: uri}, &fetch.Stage{Reader: read, Config: fetch.Config{Patience: 50 * time.Millisecond}}, &sink{})
		if errors.Is(err, storage.ErrTransient) != down || !down && err != nil {
			t.Errorf("%v: %v", refusal, err)
		}
	}
}

// TestAWebHostThatKeepsWaitingStallsNothing: without any back-off.
func TestAWebHostThatKeepsWaitingStallsNothing(t *testing.T) {
	const n = 400
	passed := make(chan struct{})
	read := reader(func(ctx context.Context, uri string, _ int64) ([]byte, error) {
		if uri == "http://h/3" {
			<-passed
		}
		return []byte("x"), nil
	})
	out := &sink{}
	out.each = func(o *pipeline.Object) {
		if len(out.got) == n-2 {
			close(passed)
		}
	}
	uri := func(i int) string { return fmt.Sprintf("http://h/%d", i) }
	if err := flow(t.Context(), rows{n: n, name: uri}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 4}}, out); err != nil {
		t.Fatal(err)
	}
	if last := out.got[n-1]; last.Number != 3 || last.Reject != nil {
		t.Errorf("the last of %d objects is row %d", len(out.got), last.Number)
	}
}

// TestAWebHostThatDies beside one that answers is its rows' reject from then on.
func TestAWebHostThatDies(t *testing.T) {
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		var i int
		fmt.Sscanf(uri[strings.LastIndexByte(uri, '/')+1:], "%d", &i)
		if strings.HasPrefix(uri, "http://mortal") && i >= 500 {
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	uri := func(i int) string {
		if i%2 == 1 || i >= 900 { // others are asked to the last
			return fmt.Sprintf("http://h.example/%d", i)
		}
		return fmt.Sprintf("http://mortal.example/%d", i)
	}
	out := &sink{}
	config := fetch.Config{Patience: 5 * time.Second}
	if err := flow(t.Context(), rows{n: 1000, name: uri}, &fetch.Stage{Reader: read, Config: config}, out); err != nil {
		t.Fatal(err)
	}
	if n := out.rejected(fetch.CodeUnavailable); n != 200 || len(out.got) != 1000 {
		t.Errorf("%d of %d objects are rejects", n, len(out.got))
	}
}

// TestAnswersBeforeTheLastTryAreNone: the network may have gone since.
func TestAnswersBeforeTheLastTryAreNone(t *testing.T) {
	answered := make(chan struct{})
	backOff := overloaded(t)
	read := reader(func(ctx context.Context, uri string, _ int64) ([]byte, error) {
		if uri != "http://a.example/1" {
			return []byte("x"), nil
		}
		<-answered
		backOff(ctx)
		return nil, storage.ErrTransient
	})
	out := &sink{each: func(o *pipeline.Object) {
		if o.URI == "http://b.example/2" {
			close(answered)
		}
	}}
	names := []string{"http://a.example/0", "http://a.example/1", "http://b.example/2"}
	config := fetch.Config{Patience: 50 * time.Millisecond}
	err := flow(t.Context(), rows{n: 3, name: func(i int) string { return names[i] }}, &fetch.Stage{Reader: read, Config: config}, out)
	if !errors.Is(err, storage.ErrTransient) {
		t.Errorf("error %v, %d rejects", err, out.rejected(fetch.CodeUnavailable))
	}
}

// TestRowsAreReadAgainWhenTheirHostIsBack: the only host of a manifest pauses for
// a while, and no image is lost.
func TestRowsAreReadAgainWhenTheirHostIsBack(t *testing.T) {
	var asked atomic.Int64
	var back atomic.Bool
	time.AfterFunc(300*time.Millisecond, func() { back.Store(true) })
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if asked.Add(1) > 100 && !back.Load() {
			time.Sleep(5 * time.Millisecond)
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	out := &sink{}
	uri := func(i int) string { return fmt.Sprintf("http://h.example/%d", i) }
	if err := flow(t.Context(), rows{n: 5000, name: uri}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 4}}, out); err != nil {
		t.Fatal(err)
	}
	if n := out.rejected(fetch.CodeUnavailable); n > 8 || len(out.got) != 5000 { // those that were being read beside the last answers
		t.Errorf("%d of %d objects are rejects", n, len(out.got))
	}
}
