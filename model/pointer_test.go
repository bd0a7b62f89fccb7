package model

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const someID = "sha256:26ff022521793d2d8d9a6f1f4d5d6f3cb5c1d4a2f0e9b8c7d6e5f4a3b2c1d0e9"

func samplePointer() *Pointer {
	return &Pointer{
		FormatVersion: PointerVersion, Pointed: Point(someID), PromotedAt: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC),
		Previous: &Pointed{"sha256-000000000000", "sha256:" + strings.Repeat("0", 64)}, Metrics: map[string]float64{"gzsl.f1@3": 18.5},
		Requirements: []string{"gzsl.f1@3 >= current"}, Labels: "sha256:1", Split: "test", Vocab: "sha256:2", Program: "sdl-batch 1",
	}
}

func TestPointerTextIsLegible(t *testing.T) {
	want := samplePointer()
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`"format_version": 1,`, `"bundle": "sha256-26ff02252179",`, `"id": "` + someID + `",`, `"promoted_at": "2026-11-25T13:00:00Z",`,
		`"gzsl.f1@3": 18.5`, `"gzsl.f1@3 >= current"`,
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("%s is not in %s", line, text)
		}
	}
	got, err := DecodePointer(text)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestPointersNeverLeadOutOfTheirFolder(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "../b", "a/b", "/b", `a\b`, "s3://lake/b", "file:///b", "~", ".b", "b?endpoint=http://elsewhere", "b\x00", "b c", strings.Repeat("b", 200),
	} {
		text := fmt.Sprintf(`{"format_version":1,"bundle":%q,"id":%q}`, name, someID)
		if _, err := DecodePointer([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := DecodePointer([]byte(`{"format_version":1,"bundle":"b","id":"` + someID + `"}`)); err != nil {
		t.Error(err)
	}
}

func TestPointersTellEveryProblem(t *testing.T) {
	p := &Pointer{Metrics: map[string]float64{"m": math.NaN()}, Previous: &Pointed{Bundle: "b", ID: "sha256:1"}}
	_, err := p.Encode()
	for _, want := range []string{"format_version is 0", `bundle ""`, `id ""`, `previous.id "sha256:1"`, `metrics["m"] is NaN`} {
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	for text, want := range map[string]string{
		`{"format_version":1`:            "ends before",
		`{"mine":true}`:                  "unknown field",
		`[]`:                             "kind array",
		`{} {}`:                          "text after",
		strings.Repeat(" ", 1<<20) + "{": "at most",
	} {
		if _, err := DecodePointer([]byte(text)); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

func FuzzDecodePointer(f *testing.F) {
	text, err := samplePointer().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format_version":1,"bundle":"../x","id":"sha256:00","previous":{},"metrics":{"a":1e999}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := DecodePointer(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if strings.ContainsAny(p.Bundle, `/\:?`) || strings.Trim(p.Bundle, ".") == "" {
			t.Fatalf("it leads elsewhere: %q", p.Bundle)
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatalf("accepted and cannot be written: %v", err)
		}
		second, err := DecodePointer(again)
		if err != nil && len(again) <= maxPointerBytes {
			t.Fatalf("cannot be read back: %v\n%s", err, again)
		}
		if err == nil && p.Pointed != second.Pointed {
			t.Fatal("it names another bundle now")
		}
	})
}
