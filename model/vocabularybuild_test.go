package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sdl-batch/sdl-batch/storage"
)

// buildText builds from texts; an absent list is "".
func buildText(t testing.TB, vectors, seen, unseen string, o VocabularyOptions) (*Vocabulary, VocabularyReport, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		if text == "" {
			return ""
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return BuildVocabulary(t.Context(), TextURIs{write("vectors.txt", vectors), write("seen.txt", seen), write("unseen.txt", unseen)}, o)
}

const animals = "dog 3 4\npolar_bear 0 2\nsea 1 0\nhorse 0 -1\ndog 9 9\nIce_Cream 1 1\n"

func TestBuildVocabulary(t *testing.T) {
	v, report, err := buildText(t, animals, "\ufeffpolar bear\r\n\r\n  dog \r\n", "sea\n", VocabularyOptions{LabelSpace: "toys"})
	want := &Vocabulary{
		Tags: []string{"dog", "polar bear", "sea"}, Seen: []bool{true, true, false}, Dim: 2,
		Vectors: []float32{0.6, 0.8, 0, 1, 1, 0}, LabelSpace: "toys",
	}
	if diff := cmp.Diff(want, v); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	wantReport := VocabularyReport{Words: 6, Repeated: 1, Spelled: [][2]string{{"polar bear", "polar_bear"}}}
	if diff := cmp.Diff(wantReport, report); diff != "" {
		t.Error(diff)
	}
	kept, _, err := buildText(t, animals, "dog", "sea", VocabularyOptions{KeepLength: true})
	if err != nil || !slices.Equal(kept.Vectors, []float32{3, 4, 1, 0}) {
		t.Errorf("lengths kept: %v, %v", kept, err)
	}
}

func TestOneListWillDo(t *testing.T) {
	for _, lists := range [][2]string{{"dog\nsea", ""}, {"", "dog\nsea"}} {
		v, _, err := buildText(t, animals, lists[0], lists[1], VocabularyOptions{})
		if err != nil || v.Len() != 2 || v.Seen[0] != (lists[0] != "") {
			t.Errorf("%q: %v, %v", lists, v, err)
		}
	}
	if _, _, err := buildText(t, animals, "", "", VocabularyOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without lists: %v", err)
	}
	if _, _, err := buildText(t, animals, "\n", "", VocabularyOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("of an empty list: %v", err)
	}
}

func TestTagsWithoutAVector(t *testing.T) {
	const seen, unseen = "dog\nsea horse\nice cream\n", "unicorn\nsea unicorn\n"
	_, _, err := buildText(t, animals, seen, unseen, VocabularyOptions{})
	want := "4 of 5:\n  \"ice cream\" (the file has \"Ice_Cream\")\n  \"sea horse\"\n  \"sea unicorn\"\n  \"unicorn\""
	if !errors.Is(err, ErrNoVector) || !errors.Is(err, ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	_, _, err = buildText(t, animals, seen, unseen, VocabularyOptions{OOV: OOVMean})
	want = "3 of 5:\n  \"ice cream\": no vector of \"ice\", \"cream\"\n  \"sea unicorn\": no vector of \"unicorn\"\n  \"unicorn\""
	if !errors.Is(err, ErrNoVector) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("mean: got %v", err)
	}
	v, report, err := buildText(t, animals, seen, unseen, VocabularyOptions{OOV: OOVSkip})
	skipped := []string{"ice cream", "sea horse", "sea unicorn", "unicorn"}
	if err != nil || !slices.Equal(v.Tags, []string{"dog"}) || !slices.Equal(report.Skipped, skipped) {
		t.Errorf("skip: got %+v, %+v, %v", v, report, err)
	}
	if _, _, err := buildText(t, animals, "unicorn", "", VocabularyOptions{OOV: OOVSkip}); !errors.Is(err, ErrInvalid) {
		t.Errorf("nothing is left: %v", err)
	}
	if _, _, err := buildText(t, animals, "dog", "", VocabularyOptions{OOV: "guess"}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `"guess"`) {
		t.Errorf("another way: %v", err)
	}
}

func TestMeanIsOverTheWordsOfAPhrase(t *testing.T) {
	v, report, err := buildText(t, animals, "sea horse\nDog-sea", "polar bear", VocabularyOptions{OOV: OOVMean, KeepLength: true})
	if err != nil || !slices.Equal(v.Vectors, []float32{2, 2, 0, 2, 0.5, -0.5}) {
		t.Errorf("got %+v, %v", v, err)
	}
	if !slices.Equal(report.Averaged, []string{"Dog-sea", "sea horse"}) || len(report.Spelled) != 1 {
		t.Errorf("got %+v", report)
	}
	if _, _, err := buildText(t, "sea 0 1\nhorse 0 -1\ndog 1 2\n", "sea horse", "", VocabularyOptions{OOV: OOVMean}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `"sea horse" (id 0) is zero`) {
		t.Errorf("a mean of nothing: %v", err)
	}
}

func TestDuplicateTagsAreListed(t *testing.T) {
	_, _, err := buildText(t, animals, "dog\nsea\ndog", "\nsea\n", VocabularyOptions{})
	if !errors.Is(err, ErrDuplicateTag) || !errors.Is(err, ErrInvalid) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{`"dog": `, "seen.txt line 1, ", "seen.txt line 3\n", `"sea": `, "seen.txt line 2, ", "unseen.txt line 2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in %v", want, err)
		}
	}
}

func TestBuildTellsBadFiles(t *testing.T) {
	for name, c := range map[string]struct {
		vectors, seen string
		kind          error
		want          string
	}{
		"prose":        {"once upon a time", "dog", ErrInvalid, "vectors.txt: invalid: no text vectors"},
		"short line":   {"dog 1 2\nsea 1 2\nhorse 1\n", "dog", ErrCorrupt, "vectors.txt: corrupt: damaged text vectors: line 3 has 1 values, want 2"},
		"cut gzip":     {string(pack(t, animals, ".gz"))[:40], "dog", ErrCorrupt, "vectors.txt: the compressed file ends in the middle"},
		"bad value":    {"dog 1 x\nsea 1 2\nhorse 1 2", "dog", ErrCorrupt, `line 1, the vector of "dog": value 2 is "x"`},
		"zero":         {"dog 0 0\n", "dog", ErrInvalid, `the vector of tag "dog" (id 0) is zero`},
		"no UTF-8":     {animals, "dog\ns\xe9a", ErrInvalid, "seen.txt: invalid list of tags: line 2 is no UTF-8 text"},
		"Parquet":      {animals, "PAR1\x00\x00", ErrInvalid, "line 1 is no UTF-8 text"},
		"cut gzip tag": {animals, string(pack(t, "dog", ".gz"))[:12], ErrCorrupt, "seen.txt: the compressed file ends in the middle"},
	} {
		_, _, err := buildText(t, c.vectors, c.seen, "", VocabularyOptions{})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// pack compresses a text as a file's name asks for.
func pack(t testing.TB, text, name string) []byte {
	t.Helper()
	var file bytes.Buffer
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		w := gzip.NewWriter(&file)
		_, err = w.Write([]byte(text))
		err = errors.Join(err, w.Close())
	case ".zst":
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&file); err == nil {
			_, err = w.Write([]byte(text))
			err = errors.Join(err, w.Close())
		}
	default:
		file.WriteString(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestBuildEqualsTheImport writes the real NUS-WIDE vectors in every form; what
// is built is, to the bit, what is imported from the pickles.
func TestBuildEqualsTheImport(t *testing.T) {
	want := nusWide(t)
	var vectors, seen, unseen strings.Builder
	for id := want.Len() - 1; id >= 0; id-- {
		vectors.WriteString(want.Tags[id])
		for _, x := range want.Vector(id) {
			fmt.Fprintf(&vectors, " %v", x)
		}
		vectors.WriteString("\n")
		if want.Seen[id] {
			seen.WriteString(want.Tags[id] + "\n")
		} else {
			unseen.WriteString(want.Tags[id] + "\n")
		}
	}
	header := fmt.Sprintf("%d %d\n", want.Len(), want.Dim)
	for name, text := range map[string]string{"glove.txt": vectors.String(), "nus.vec.gz": header + vectors.String(), "nus.vec.zst": header + vectors.String()} {
		got, _, err := buildText(t, string(pack(t, text, name)), seen.String(), unseen.String(), VocabularyOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		if got.ID() != want.ID() {
			t.Errorf("%s: another vocabulary: %s", name, cmp.Diff(want.Stats(), got.Stats()))
		}
	}
}

func TestSpellingsOfOneTagAreTold(t *testing.T) {
	_, report, err := buildText(t, animals, "Dog\nPolar-Bear\nsea", "dog\npolar bear", VocabularyOptions{})
	want := VocabularyReport{
		Words: 6, Repeated: 1, Spelled: [][2]string{{"Dog", "dog"}, {"Polar-Bear", "polar_bear"}, {"polar bear", "polar_bear"}},
		Shared: [][2]string{{"dog", "Dog"}, {"polar bear", "Polar-Bear"}},
	}
	if diff := cmp.Diff(want, report); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestBuildFromAStore(t *testing.T) {
	bucket, err := storage.Open(t.Context(), "mem://vocabulary-build")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a/vectors.gz": pack(t, animals, ".gz"), "tags.txt": []byte("dog\nsea\n")} {
		if err := put(t.Context(), bucket, name, data); err != nil {
			t.Fatal(err)
		}
	}
	v, _, err := BuildVocabulary(t.Context(), TextURIs{Vectors: "mem://vocabulary-build/a/vectors.gz", Unseen: "mem://vocabulary-build/tags.txt"}, VocabularyOptions{})
	if err != nil || !slices.Equal(v.Tags, []string{"dog", "sea"}) {
		t.Errorf("got %v, %v", v, err)
	}
	for _, uri := range []string{"mem://vocabulary-build/none", "nowhere://x/y"} {
		if _, _, err := BuildVocabulary(t.Context(), TextURIs{Vectors: uri, Unseen: "mem://vocabulary-build/tags.txt"}, VocabularyOptions{}); err == nil {
			t.Errorf("%s: no error", uri)
		}
	}
}

func TestLengthsBecomeOne(t *testing.T) {
	v, _, err := buildText(t, "a 1e-20 1e-20 1e-20\nb 1e30 -1e30 1e30\nc 1 0 0\nd 0.3 0.4 0.5\n", "a\nb\nc\nd", "", VocabularyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s := v.Stats(); math.Abs(s.NormMin-1) > 1e-6 || math.Abs(s.NormMax-1) > 1e-6 {
		t.Errorf("%+v", s)
	}
}

func FuzzTagList(f *testing.F) {
	f.Add([]byte("\ufeffdog\r\n\r\n sea horse \ndog"))
	f.Add([]byte("s\xe9a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseTagList(bytes.NewReader(data))
		for _, l := range list {
			if err != nil || l.tag == "" || l.line < 1 || strings.TrimSpace(l.tag) != l.tag || strings.Contains(l.tag, "\n") {
				t.Fatalf("%+v, %v", l, err)
			}
		}
	})
}
