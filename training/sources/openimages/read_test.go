package openimages_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/training/sources/openimages"
)

const header = "ImageID,Source,LabelName,Confidence\n"

func content(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func text(content string) openimages.File {
	return openimages.File{Name: "labels.csv", Reader: strings.NewReader(content)}
}

// told is what a file says, a line an image.
func told(f openimages.File, o openimages.Options) (lines []string, counts openimages.Counts, err error) {
	counts, err = openimages.Read(f, o, func(i openimages.Image) error {
		lines = append(lines, fmt.Sprintf("%s +%v -%v", i.ID, i.Positives, i.Negatives))
		return nil
	})
	return lines, counts, err
}

func TestOnesArePositiveZerosNegativeAllElseUnknown(t *testing.T) {
	for _, remember := range []bool{false, true} {
		got, counts, err := told(text(content(t, "labels.csv")), openimages.Options{Remember: remember})
		want := []string{
			"000026e7ee790996 +[/m/01bqvp /m/07j7r] -[/m/04hgtk]",
			"000062a39995e348 +[/m/07j7r] -[]",
			"0000c64e1253d68f +[] -[/m/07yv9]",
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if want := (openimages.Counts{Rows: 8, Uncertain: 1, Conflicts: 1}); counts != want {
			t.Errorf("got %+v, want %+v", counts, want)
		}
	}
}

// TestColumnsAreFoundByName: later files have more of them.
func TestColumnsAreFoundByName(t *testing.T) {
	got, _, err := told(text("\xef\xbb\xbfConfidence,LabelName,XMin,ImageID\r\n1,/m/a,0.5,x\r\n0,/m/b,0.5,x\r\n"), openimages.Options{})
	if err != nil || !cmp.Equal(got, []string{"x +[/m/a] -[/m/b]"}) {
		t.Error(got, err)
	}
}

func TestImagesInAnotherOrderMustBeRemembered(t *testing.T) {
	const file = header + "b,v,/m/1,1\na,v,/m/1,0\nc,v,/m/1,1\n"
	if _, _, err := told(text(file), openimages.Options{}); !errors.Is(err, openimages.ErrUnordered) {
		t.Errorf("got %v", err)
	}
	got, _, err := told(text(file), openimages.Options{Remember: true})
	if err != nil || !cmp.Equal(got, []string{"b +[/m/1] -[]", "a +[] -[/m/1]", "c +[/m/1] -[]"}) {
		t.Error(got, err)
	}
}

func TestRowsOfAnImageMustBeTogether(t *testing.T) {
	const file = header + "b,v,/m/1,1\na,v,/m/1,0\nb,v,/m/2,1\n"
	_, _, err := told(text(file), openimages.Options{Remember: true})
	if !errors.Is(err, openimages.ErrInvalid) || !strings.Contains(err.Error(), "labels.csv, line 4: rows of image b came before") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoLabelIsToldWithItsLine(t *testing.T) {
	for file, want := range map[string]string{
		"":                                           "labels.csv is empty",
		"ImageID,Source,LabelName\n":                 `line 1: no column "Confidence"; the header is "ImageID,Source,LabelName"`,
		header + "a,v,/m/1\n":                        "line 2: 3 fields",
		header + "a,v,/m/1,1\na,v,/m/1,yes\n":        `line 3: confidence "yes", want 0 to 1`,
		header + "a,v,/m/1,1.5\n":                    `line 2: confidence "1.5"`,
		header + "a,v,/m/1,NaN\n":                    `line 2: confidence "NaN"`,
		header + ",v,/m/1,1\n":                       `line 2: image "", class "/m/1": no such ids`,
		header + "a/../b,v,/m/1,1\n":                 `image "a/../b"`,
		header + "a\xff,v,/m/1,1\n":                  "no such ids",
		header + "a,v,,1\n":                          "no such ids",
		header + "a,v,\"/m/1,1\nb,v,/m/1,1\n":        "line 2: extraneous or missing \" in quoted-field",
		header + "a,\"" + strings.Repeat("b", 2<<20): "a row of more than",
	} {
		_, _, err := told(text(file), openimages.Options{})
		if !errors.Is(err, openimages.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: got %v, want %s", file, err, want)
		}
	}
}

func TestClassesHaveNamesWithAHeaderOrWithout(t *testing.T) {
	want := map[string]string{
		"/m/01bqvp": "Sky", "/m/015p6": "Bird", "/m/04hgtk": "Head", "/m/07j7r": "Tree", "/m/07yv9": "Car, of any kind", "/m/0tree": "Tree",
	}
	with := content(t, "class-descriptions.csv")
	_, without, _ := strings.Cut(with, "\n")
	for _, file := range []string{with, without, without + "/m/015p6,Bird\n"} {
		got, err := openimages.Classes(text(file))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
}

func TestBrokenClassesAreToldWithTheirLine(t *testing.T) {
	for file, want := range map[string]string{
		"":                                 "labels.csv names no class",
		"LabelName,DisplayName\n":          "labels.csv names no class",
		"/m/1,Tree,more\n":                 "line 1: 3 fields",
		"/m/1,Tree\n/m/2,\n":               "line 2: a class without id or name",
		"/m/1,Tree\n/m/1,Bush\n":           `line 2: class /m/1 is called "Tree" and "Bush"`,
		"/m/1,Tr\xffee\n":                  "line 1: this is no UTF-8",
		"/m/1,Tree\nLabelName,DisplayName": "",
	} {
		_, err := openimages.Classes(text(file))
		if want == "" && err == nil {
			continue
		}
		if !errors.Is(err, openimages.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", file, err, want)
		}
	}
}

func TestFaultsStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	data := content(t, "labels.csv")
	for n := range len(data) {
		_, _, err := told(openimages.File{Name: "x", Reader: io.MultiReader(strings.NewReader(data[:n]), iotest.ErrReader(away))}, openimages.Options{})
		if !errors.Is(err, away) || errors.Is(err, openimages.ErrInvalid) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	mine := errors.New("mine")
	if _, err := openimages.Read(text(data), openimages.Options{}, func(openimages.Image) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("the caller's error became %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(content(f, "labels.csv"), true)
	f.Add(header+"b,v,/m/1,1\na,v,/m/1,0.5\n", false)
	f.Fuzz(func(t *testing.T, data string, remember bool) {
		seen := map[string]bool{}
		_, err := openimages.Read(text(data), openimages.Options{Remember: remember}, func(i openimages.Image) error {
			if i.ID == "" || seen[i.ID] {
				t.Fatalf("image %q again", i.ID)
			}
			seen[i.ID] = true
			return nil
		})
		if err != nil && !errors.Is(err, openimages.ErrInvalid) && !errors.Is(err, openimages.ErrUnordered) {
			t.Fatal(err)
		}
	})
}

func FuzzClasses(f *testing.F) {
	f.Add(content(f, "class-descriptions.csv"))
	f.Fuzz(func(t *testing.T, data string) {
		names, err := openimages.Classes(text(data))
		if err != nil && !errors.Is(err, openimages.ErrInvalid) {
			t.Fatal(err)
		}
		for id, name := range names {
			if err == nil && (id == "" || name == "") {
				t.Fatal(id, name)
			}
		}
	})
}
