package model

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func TestVocabularySurvivesTheStore(t *testing.T) {
	unnamed := wheel(3000)
	unnamed.LabelSpace = ""
	for _, want := range []*Vocabulary{pets(), unnamed} {
		for _, uri := range []string{filepath.Join(t.TempDir(), "new", "v.parquet"), "mem://vocabularies/v.parquet"} {
			if err := WriteVocabulary(t.Context(), uri, want); err != nil {
				t.Fatal(err)
			}
			got, err := ReadVocabulary(t.Context(), uri)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", uri, err, diff)
			}
		}
	}
}

func TestVocabularyOfAnyRowOrder(t *testing.T) {
	got, err := vocabularyOf([]columnar.VocabRow{
		{TagID: 1, Tag: "b", Vector: []float32{3, 4}}, {TagID: 0, Tag: "a", Seen: true, Vector: []float32{1, 2}},
	}, "")
	want := &Vocabulary{Tags: []string{"a", "b"}, Seen: []bool{true, false}, Dim: 2, Vectors: []float32{1, 2, 3, 4}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestDecodeVocabularyRefusesRowsThatMakeNone(t *testing.T) {
	one := []float32{1}
	for want, rows := range map[string][]columnar.VocabRow{
		`tag "b" has tag_id 2`:    {{TagID: 0, Tag: "a", Vector: one}, {TagID: 2, Tag: "b", Vector: one}},
		`tag "b" has tag_id 0`:    {{TagID: 0, Tag: "a", Vector: one}, {TagID: 0, Tag: "b", Vector: one}},
		`tag "a" has tag_id -1`:   {{TagID: -1, Tag: "a", Vector: one}},
		`"b" has 2 values`:        {{TagID: 0, Tag: "a", Vector: one}, {TagID: 1, Tag: "b", Vector: []float32{1, 2}}},
		`duplicate tag "a"`:       {{TagID: 0, Tag: "a", Vector: one}, {TagID: 1, Tag: "a", Vector: one}},
		"is zero":                 {{TagID: 0, Tag: "a", Vector: []float32{0}}},
		"0 tags":                  nil,
		"dimension 0, want 1 to ": {{TagID: 0, Tag: "a"}},
	} {
		_, err := DecodeVocabulary(t.Context(), tableOf(t, rows))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func tableOf(t testing.TB, rows []columnar.VocabRow) []byte {
	t.Helper()
	var text bytes.Buffer
	w, err := columnar.NewVocabWriter(&text, columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestReadVocabularyTellsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	whole := encoded(t, pets())
	for name, data := range map[string][]byte{"empty": {}, "text": []byte("dog\ncat\n"), "cut": whole[:len(whole)-5], "head cut": whole[9:]} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadVocabulary(t.Context(), path); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := ReadVocabulary(t.Context(), filepath.Join(dir, "absent")); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("absent: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := DecodeVocabulary(ctx, whole); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestAnotherTableIsNoVocabulary(t *testing.T) {
	var text bytes.Buffer
	w, err := columnar.NewTagWriter(&text, columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeVocabulary(t.Context(), text.Bytes()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), `"vector"`) {
		t.Errorf("got %v", err)
	}
}

func TestWriteVocabularyRefusesABadOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.parquet")
	v := pets()
	v.Tags[1] = "dog"
	if err := WriteVocabulary(t.Context(), path, v); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

func FuzzDecodeVocabulary(f *testing.F) {
	whole := encoded(f, pets())
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := DecodeVocabulary(t.Context(), data)
		if err == nil {
			err = v.Validate()
		} else if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrInvalid) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

func encoded(t testing.TB, v *Vocabulary) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := v.Encode(&text); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
