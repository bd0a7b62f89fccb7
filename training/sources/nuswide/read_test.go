package nuswide_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/training/sources/nuswide"
)

// file opens a file of the published form: backslashes, line ends of Windows, a
// tab at the end of each row of the matrix.
func file(t testing.TB, name string) nuswide.File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text(name, string(data))
}

func text(name, content string) nuswide.File {
	return nuswide.File{Name: name, Reader: strings.NewReader(content)}
}

func names(t testing.TB, name string) []string {
	t.Helper()
	list, err := nuswide.Names(file(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// published is the set in testdata.
func published(t testing.TB) nuswide.Set {
	t.Helper()
	s := nuswide.Set{Images: file(t, "Imagelist.txt"), Tags: names(t, "TagList1k.txt"), Matrix: file(t, "AllTags1k.txt")}
	for _, name := range names(t, "Concepts81.txt") {
		s.Concepts = append(s.Concepts, nuswide.Concept{Name: name, Labels: file(t, "AllLabels/Labels_"+name+".txt")})
	}
	return s
}

// told is what a set says, a line an image.
func told(s nuswide.Set) (lines []string, err error) {
	err = s.Read(func(name string, positives []string) error {
		lines = append(lines, name+": "+strings.Join(positives, ", "))
		return nil
	})
	return lines, err
}

// TestOfATagThatIsAConceptTheJudgementCounts: sky is a tag of the third image,
// but nobody saw it there.
func TestOfATagThatIsAConceptTheJudgementCounts(t *testing.T) {
	s := published(t)
	got, err := told(s)
	want := []string{
		"actor/0001_2124494179.jpg: lake, sky, water", "actor/0002_174174086.jpg: nature, sky, water",
		"administrative_assistant/0003_534152430.jpg: ", "zoo/0004_1.jpg: ",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if diff := cmp.Diff([]string{"lake", "nature", "sky", "water"}, s.Known()); diff != "" {
		t.Error(diff)
	}
}

func TestConceptsOrTagsAlone(t *testing.T) {
	s := published(t)
	s.Tags, s.Matrix = nil, nuswide.File{}
	got, err := told(s)
	if want := []string{"actor/0001_2124494179.jpg: lake, sky", "actor/0002_174174086.jpg: sky"}; err != nil || !cmp.Equal(want, got[:2]) {
		t.Error(err, got)
	}
	s = published(t)
	s.Concepts = nil
	got, err = told(s)
	if want := []string{"actor/0001_2124494179.jpg: water", "actor/0002_174174086.jpg: nature, water", "administrative_assistant/0003_534152430.jpg: sky"}; err != nil || !cmp.Equal(want, got[:3]) {
		t.Error(err, got)
	}
}

func TestAPartsListNamesImagesAsTheSetDoes(t *testing.T) {
	var got []string
	err := nuswide.Images(file(t, "TestImagelist.txt"), func(name string) error {
		got = append(got, name)
		return nil
	})
	if diff := cmp.Diff([]string{"actor/0002_174174086.jpg", "administrative_assistant/0003_534152430.jpg"}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestFilesThatDoNotFitAreToldWithTheirLine(t *testing.T) {
	cases := map[string]struct {
		change func(*nuswide.Set)
		want   string
	}{
		"labels end early": {func(s *nuswide.Set) { s.Concepts[1].Labels = text("Labels_sky.txt", "1\n1\n") },
			"Labels_sky.txt ends after 2 rows; Imagelist.txt has more, line 3 is without a label"},
		"labels go on": {func(s *nuswide.Set) { s.Concepts[1].Labels = text("Labels_sky.txt", "1\n1\n0\n0\n\n1\n") },
			"Labels_sky.txt, line 6: a row more than the 4 images of Imagelist.txt"},
		"a label is no label": {func(s *nuswide.Set) { s.Concepts[0].Labels = text("Labels_lake.txt", "0\n-1130179\n0\n0\n") },
			`Labels_lake.txt, line 2: "-1130179" where 0 or 1 is wanted`},
		"the matrix ends early": {func(s *nuswide.Set) { s.Matrix = text("AllTags1k.txt", "0\t0\t1\t\n") },
			"AllTags1k.txt ends after 1 rows"},
		"the matrix goes on": {func(s *nuswide.Set) { s.Matrix = text("AllTags1k.txt", strings.Repeat("0 0 0\n", 5)) },
			"AllTags1k.txt, line 5: a row more"},
		"a row of the matrix is short": {func(s *nuswide.Set) { s.Matrix = text("AllTags1k.txt", "0 0 0\n0 1\n") },
			"AllTags1k.txt, line 2: 2 values for 3 tags"},
		"a row of the matrix is long": {func(s *nuswide.Set) { s.Matrix = text("AllTags1k.txt", "0 0 0\n0 1 0 1\n") },
			"AllTags1k.txt, line 2: 4 values for 3 tags"},
		"a tag is half": {func(s *nuswide.Set) { s.Matrix = text("AllTags1k.txt", "0 0.5 0\n") },
			`AllTags1k.txt, line 1: "0.5" where 0 or 1 is wanted`},
		"a name is no text": {func(s *nuswide.Set) { s.Images = text("Imagelist.txt", "a\n\xff\n") }, "Imagelist.txt, line 2: this is no UTF-8"},
		"a line has no end": {func(s *nuswide.Set) { s.Images = text("Imagelist.txt", "a\n"+strings.Repeat("b", 2<<20)) }, "Imagelist.txt, line 2: the line is too long"},
	}
	for name, c := range cases {
		s := published(t)
		c.change(&s)
		if _, err := told(s); !errors.Is(err, nuswide.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestNamesAreThereOnce(t *testing.T) {
	for content, want := range map[string]string{
		"":             "Concepts81.txt is empty",
		"\n \r\n":      "Concepts81.txt is empty",
		"sky\n\nsky\n": `Concepts81.txt, line 3: "sky" is in line 1, too`,
		"sky\n\xffsky": "Concepts81.txt, line 2: this is no UTF-8",
	} {
		if _, err := nuswide.Names(text("Concepts81.txt", content)); !errors.Is(err, nuswide.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", content, err, want)
		}
	}
}

func TestFaultsStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	broken := func(f nuswide.File) nuswide.File {
		return nuswide.File{Name: f.Name, Reader: io.MultiReader(io.LimitReader(f, 5), iotest.ErrReader(away))}
	}
	for name, change := range map[string]func(*nuswide.Set){
		"images": func(s *nuswide.Set) { s.Images = broken(s.Images) },
		"labels": func(s *nuswide.Set) { s.Concepts[0].Labels = broken(s.Concepts[0].Labels) },
		"matrix": func(s *nuswide.Set) { s.Matrix = broken(s.Matrix) },
	} {
		s := published(t)
		change(&s)
		if _, err := told(s); !errors.Is(err, away) || errors.Is(err, nuswide.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mine := errors.New("mine")
	if err := published(t).Read(func(string, []string) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("the caller's error became %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte("0\n1\n"), []byte("0 1\n1\t0\t\n"))
	f.Add([]byte("a\\b\r\n"), []byte("1\r\n"), []byte("1 1"))
	f.Fuzz(func(t *testing.T, images, labels, matrix []byte) {
		s := nuswide.Set{
			Images: text("i", string(images)), Tags: []string{"x", "sky"}, Matrix: text("m", string(matrix)),
			Concepts: []nuswide.Concept{{Name: "sky", Labels: text("l", string(labels))}},
		}
		lines, err := told(s)
		if err != nil && !errors.Is(err, nuswide.ErrInvalid) {
			t.Fatal(err)
		}
		if err == nil && len(lines) != len(bytes.Fields(labels)) {
			t.Fatalf("%d images of %d labels", len(lines), len(bytes.Fields(labels)))
		}
	})
}
