package coco_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/training/sources/coco"
)

func instances(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/instances.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// told is what a file says, a line an image.
func told(s *coco.Instances) (lines []string) {
	for name, tags := range s.Images() {
		lines = append(lines, name+": "+strings.Join(tags, ", "))
	}
	return lines
}

func read(t *testing.T, file string, o coco.Options) *coco.Instances {
	t.Helper()
	s, err := coco.Read(strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestImagesHaveTheNamesOfTheirCategories(t *testing.T) {
	s := read(t, string(instances(t)), coco.Options{})
	want := []string{"000000397133.jpg: bottle, person", "000000037777.jpg: person, toothbrush", "000000252219.jpg: "}
	if diff := cmp.Diff(want, told(s)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bottle", "person", "potted plant", "toothbrush"}, s.Categories()); diff != "" {
		t.Error(diff)
	}
	if s.Len() != 3 || s.Annotations != 6 || s.Crowds != 1 || !cmp.Equal(s.Strays, map[int64]int64{99: 1}) {
		t.Errorf("%d images, %d annotations, %d of crowds, strays %v", s.Len(), s.Annotations, s.Crowds, s.Strays)
	}
}

func TestCrowdsCanBeLeftOut(t *testing.T) {
	s := read(t, string(instances(t)), coco.Options{SkipCrowd: true})
	want := []string{"000000397133.jpg: bottle, person", "000000037777.jpg: toothbrush", "000000252219.jpg: "}
	if diff := cmp.Diff(want, told(s)); diff != "" || s.Annotations != 6 || s.Crowds != 1 {
		t.Errorf("%d annotations, %d of crowds\n%s", s.Annotations, s.Crowds, diff)
	}
}

// TestListsComeInAnyOrder joins by id, whatever comes first.
func TestListsComeInAnyOrder(t *testing.T) {
	parts := []string{
		`"images":[{"id":7,"file_name":"b"},{"id":-3,"file_name":"a"}]`,
		`"annotations":[{"image_id":-3,"category_id":90},{"image_id":7,"category_id":2},{"image_id":7,"category_id":90,"iscrowd":false}]`,
		`"categories":[{"id":90,"name":"sky"},{"id":2,"name":"lake"},{"id":4,"name":"lake"}]`,
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
		file := fmt.Sprintf(`{"x":{"y":[{}]},%s,%s,"z":null,%s}`, parts[order[0]], parts[order[1]], parts[order[2]])
		if diff := cmp.Diff([]string{"b: lake, sky", "a: sky"}, told(read(t, file, coco.Options{}))); diff != "" {
			t.Errorf("%v: %s", order, diff)
		}
	}
}

// TestAByteOrderMarkIsNoPartOfTheFile, which some editors write.
func TestAByteOrderMarkIsNoPartOfTheFile(t *testing.T) {
	const mark = "\xEF\xBB\xBF"
	if diff := cmp.Diff(told(read(t, string(instances(t)), coco.Options{})), told(read(t, mark+string(instances(t)), coco.Options{}))); diff != "" {
		t.Error(diff)
	}
}

// TestOneNameIsOneTag: ids that share a name are one tag.
func TestOneNameIsOneTag(t *testing.T) {
	s := read(t, `{"categories":[{"id":0,"name":"dog"},{"id":5,"name":"dog"}],"images":[{"id":1,"file_name":"a"}],
		"annotations":[{"image_id":1,"category_id":5},{"image_id":1,"category_id":0}]}`, coco.Options{})
	if diff := cmp.Diff([]string{"a: dog"}, told(s)); diff != "" || len(s.Categories()) != 1 {
		t.Errorf("%v %s", s.Categories(), diff)
	}
}

func TestWhatIsNoInstancesFileIsToldWithItsPlace(t *testing.T) {
	const start, end = `{"images":[{"id":1,"file_name":"a"}],"categories":[{"id":1,"name":"sky"}],"annotations":[`, `]}`
	cases := map[string]string{
		``:                             "the file ends in the middle",
		`[]`:                           `[ where "{" is wanted`,
		`{"images":{}}`:                `{ where "[" is wanted ("images")`,
		`{"images":[]}`:                `there is no list "annotations"`,
		`{"images":[{"id":1}]}`:        "images[0]: no COCO instances: near byte 19: an image needs id and file_name",
		`{"images":[{"file_name":""}]`: "an image needs id and file_name",
		`{"images":[{"id":1,"file_name":"a"},{"id":1,"file_name":"b"}]}`:  "images[1]: no COCO instances: near byte 60: image id 1 comes twice",
		`{"images":[],"images":[]}`:                                       `"images" comes twice`,
		`{"categories":[{"id":1}]}`:                                       "categories[0]: no COCO instances: near byte 23: a category needs id and name",
		`{"categories":[{"id":1,"name":"a"},{"id":1,"name":"b"}]}`:        "category id 1 comes twice",
		`{"categories":[{"id":4294967296,"name":"a"}]}`:                   "no 32-bit number",
		start + `{"image_id":1}` + end:                                    "annotations[0]: no COCO instances: near byte 103: an annotation needs image_id and category_id",
		start + `{"image_id":1,"category_id":2}` + end:                    "image a has an annotation of category 2, which is not among the categories",
		start + `{"image_id":1,"category_id":1,"iscrowd":2}` + end:        "iscrowd is 2, want 0 or 1",
		start + `{"image_id":"1","category_id":1}` + end:                  "image_id is a string, want a whole number",
		start + `{"image_id":1.5,"category_id":1}` + end:                  "image_id is a number 1.5, want a whole number",
		start + `{"image_id":1,"category_id":1}`:                          "the file ends in the middle",
		`{"images":[7]`:                                                   "the element is a number, want an object",
		`{"images":[{"id":1,"file_name":true}]`:                           "file_name is a bool, want a string",
		`{"images":[{"id":1,"file_name":"a"},{"id":2,"file_name":"a"}]`:   "images 1 and 2 have one file_name, a",
		`{"x":` + strings.Repeat("[", 20_000):                             "more than 10000 deep",
		start + end + `{`:                                                 "{ follows the object",
		"{\"images\":[{\"id\":1,\"file_name\":\"a\"}],\"categories\":[],": "the file ends in the middle",
	}
	for file, want := range cases {
		_, err := coco.Read(strings.NewReader(file), coco.Options{})
		if !errors.Is(err, coco.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", file, err, want)
		}
	}
}

// TestAnElementIsBounded: a list element of any length would be taken into
// memory whole.
func TestAnElementIsBounded(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"annotations":[{"segmentation":"`), io.LimitReader(zeros{}, 20<<20))
	if _, err := coco.Read(endless, coco.Options{}); err == nil || !strings.Contains(err.Error(), "an element of more than") {
		t.Errorf("got %v", err)
	}
}

// zeros is an endless text.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// TestWhatDoesNotCountMayBeLong passes over a list that is longer than an
// element may be.
func TestWhatDoesNotCountMayBeLong(t *testing.T) {
	long := strings.Repeat(`[0,1,2,3,4,5,6,7,8,9],`, 1<<12)
	file := io.MultiReader(strings.NewReader(`{"other":[`), strings.NewReader(long), strings.NewReader(`0],"images":[],"annotations":[],"categories":[]}`))
	if _, err := coco.Read(file, coco.Options{}); err != nil {
		t.Error(err)
	}
}

func TestFaultsOfReadingStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	data := instances(t)
	for n := 0; n < len(data); n += 97 {
		_, err := coco.Read(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(away)), coco.Options{})
		if !errors.Is(err, away) || errors.Is(err, coco.ErrInvalid) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(instances(f))
	f.Add([]byte(`{"images":[{"id":1,"file_name":"a"}],"annotations":[],"categories":[{"id":1,"name":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := coco.Read(bytes.NewReader(data), coco.Options{})
		if err != nil {
			if !errors.Is(err, coco.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if got := len(told(s)); got != s.Len() {
			t.Fatalf("%d images, %d told", s.Len(), got)
		}
	})
}
