package wordvectors_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/wordvectors"
)

func wanted(words ...string) wordvectors.Wanted {
	w := wordvectors.Wanted{Words: map[string]bool{}, Folded: map[string]bool{}}
	for _, word := range words {
		w.Words[word], w.Folded[wordvectors.Fold(word)] = true, true
	}
	return w
}

func TestFindKeepsTheFirstOfEachWantedWord(t *testing.T) {
	text := "dog 1 2\ncat x y\ndog 3 4\nbad\xff 5 6\npolar bear 7 8\nNew_York 9 10\nNEW-YORK 11 12\ndog nan 1\n"
	got, err := wordvectors.Find(t.Context(), strings.NewReader(text), wanted("dog", "polar bear", "new york", "cow"))
	want := &wordvectors.Found{
		Dim: 2, Vectors: map[string][]float32{"dog": {1, 2}, "polar bear": {7, 8}}, Near: map[string]string{"newyork": "New_York"},
		Words: 8, Unreadable: 1, Repeated: 2,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestFindNamesTheLineOfABadVector(t *testing.T) {
	_, err := wordvectors.Find(t.Context(), strings.NewReader("3 2\ndog 1 2\ncat 1 nan\ncow 1 2\n"), wanted("cat"))
	if want := `line 3, the vector of "cat"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestFindStopsWhenAskedTo(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := wordvectors.Find(ctx, &endless{left: -1}, wanted()); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
}

// TestFindHoldsOneLine reads 64 MiB and keeps next to nothing.
func TestFindHoldsOneLine(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := wordvectors.Find(t.Context(), &endless{left: 64 << 20}, wanted("word7"))
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; err != nil || got.Words < 10000 || len(got.Vectors) != 1 || n > 4<<20 {
		t.Errorf("%d bytes allocated, %v", n, err)
	}
}

// endless writes lines of 300 values until about left bytes are written; -1: for
// ever.
type endless struct {
	left   int
	number int64
	line   []byte
	at     int // in line
}

var values = strings.Repeat(" -0.123456", 300) + "\n"

func (e *endless) Read(p []byte) (int, error) {
	if e.at == len(e.line) {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.line = append(strconv.AppendInt(append(e.line[:0], "word"...), e.number, 10), values...)
		e.at = 0
		if e.number++; e.left > 0 {
			e.left = max(0, e.left-len(e.line))
		}
	}
	n := copy(p, e.line[e.at:])
	e.at += n
	return n, nil
}

func TestSpellings(t *testing.T) {
	for phrase, want := range map[string][]string{
		"dog":          {"dog"},
		"Dog":          {"Dog", "dog"},
		"polar bear":   {"polar bear", "polar_bear", "polar-bear"},
		"polar_bear":   {"polar_bear", "polar-bear", "polar bear"},
		"New  York":    {"New  York", "New_York", "New-York", "New York", "new  york", "new_york", "new-york", "new york"},
		"T-shirt":      {"T-shirt", "T_shirt", "T shirt", "t-shirt", "t_shirt", "t shirt"},
		"-":            {"-"},
		"Ångström":     {"Ångström", "ångström"},
		"a\u00a0b":     {"a\u00a0b", "a_b", "a-b", "a b"},
		"rock & roll!": {"rock & roll!", "rock_&_roll!", "rock-&-roll!"},
	} {
		if diff := cmp.Diff(want, wordvectors.Spellings(phrase)); diff != "" {
			t.Errorf("%q: %s", phrase, diff)
		}
	}
}

func TestFold(t *testing.T) {
	for word, want := range map[string]string{"New_York-City x": "newyorkcityx", "dog": "dog", "": "", strings.Repeat("x", 65): ""} {
		if got := wordvectors.Fold(word); got != want {
			t.Errorf("%q: got %q", word, got)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		if _, err := wordvectors.Find(b.Context(), &endless{left: size}, wanted("word7")); err != nil {
			b.Fatal(err)
		}
	}
}
