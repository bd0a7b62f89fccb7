package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model/golden"
)

// cocoCategories are the categories of the official instances JSON, in its order.
const cocoCategories = `person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,
cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,
baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,
broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,
microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush`

func cocoTags() []string { return strings.Split(strings.ReplaceAll(cocoCategories, "\n", ""), ",") }

// cocoJSON is an instances file; gaps between ids are as in the official one.
func cocoJSON(names []string) string {
	var list []string
	for i, name := range names {
		list = append(list, fmt.Sprintf(`{"supercategory": "x", "id": %d, "name": %q}`, i+1+i/9, name))
	}
	return `{"info": {"year": 2014, "tags": [1, [2]]}, "images": [{"id": 1, "name": "no category"}], "annotations": [], "categories": [` + strings.Join(list, ",") + `]}`
}

// TestImportCOCO joins names to the columns of the real vectors. Tags that
// NUS-WIDE has too have the same vectors there, which shows the order.
func TestImportCOCO(t *testing.T) {
	nus := nusWide(t)
	dir := golden.NUSWide(t)
	tags := cocoTags()
	if len(tags) != 80 {
		t.Fatalf("%d tags", len(tags))
	}
	for form, classes := range map[string]string{"text": strings.Join(tags, "\r\n"), "JSON": cocoJSON(tags)} {
		path := filepath.Join(t.TempDir(), "classes")
		if err := os.WriteFile(path, []byte(classes), 0o644); err != nil {
			t.Fatal(err)
		}
		v, leftOut, err := ImportVocabulary(t.Context(), PickleURIs{
			Classes: path, Unseen: filepath.Join(dir, "coco_cls_ids.pickle"), Vectors: filepath.Join(dir, "coco_wordvec_array.pickle"),
		}, "")
		if err != nil {
			t.Fatal(form, err)
		}
		if s := v.Stats(); s.Tags != 65 || s.Seen != 48 || s.Unseen != 17 || s.Dim != 300 || len(leftOut) != 15 || leftOut[0] != "traffic light" {
			t.Errorf("%s: %+v, left out %q", form, s, leftOut)
		}
		shared := 0
		for id, tag := range v.Tags {
			if other, ok := nus.Lookup(tag); ok {
				shared++
				if c := cosine(v.Vector(id), nus.Vector(other)); c < 0.9999 {
					t.Errorf("%s: %q has cosine %v with NUS-WIDE's", form, tag, c)
				}
			}
		}
		if id, _ := v.Lookup("airplane"); shared < 25 || v.Seen[id] {
			t.Errorf("%s: %d tags shared with NUS-WIDE; airplane is seen: %v", form, shared, v.Seen[id])
		}
	}
}

// sets are index sets, val left out.
func sets(train, test string) string {
	set := func(items string) string { return "c__builtin__\nset\n](" + items + "e\x85R" }
	return "}(U\x05train" + set(train) + "U\x04test" + set(test) + "u."
}

// wrapped puts an array into a dict, under one key or two.
func wrapped(array string, keys ...string) string {
	text := "}("
	for _, key := range keys {
		text += fmt.Sprintf("V%s\n", key) + strings.TrimSuffix(array, ".")
	}
	return text + "u."
}

// threeDimensional is vectorsPickle with shape [1,3,2].
var threeDimensional = strings.Replace(vectorsPickle, "(I3\nI2\nt", "(I1\nI3\nI2\nt", 1)

func TestImportTakesEveryForm(t *testing.T) {
	want := &Vocabulary{Tags: []string{"sun", "moon"}, Seen: []bool{true, false}, Dim: 3, Vectors: []float32{1, 3, 5, 2, 4, 6}, LabelSpace: "sky"}
	for name, c := range map[string]struct{ classes, unseen, vectors string }{
		"text lists":       {"sun\nmoon", "\ufeffmoon\r\n", vectorsPickle},
		"index sets":       {classesPickle, sets("K\x00", "K\x01"), vectorsPickle},
		"wrapped vectors":  {classesPickle, unseenPickle, wrapped(vectorsPickle, "wordvec_array")},
		"leading one":      {classesPickle, unseenPickle, threeDimensional},
		"instances, mark":  {"\ufeff" + cocoJSON([]string{"sun", "moon"}), unseenPickle, wrapped(threeDimensional, "any")},
		"instances":        {" \n" + cocoJSON([]string{"sun", "moon"}), unseenPickle, wrapped(threeDimensional, "any")},
		"categories first": {`{"categories": [{"id": 3, "name": "sun"}, {"id": 9, "name": "moon"}], "images": [`, unseenPickle, vectorsPickle},
	} {
		got, err := importText(c.classes, c.unseen, c.vectors)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestValidationTagsAreUnseen(t *testing.T) {
	split := strings.Replace(sets("K\x00", ""), "u.", "U\x03valc__builtin__\nset\n](K\x01e\x85Ru.", 1)
	v, leftOut, err := ImportPickles(strings.NewReader("sun\nmoon\n"), strings.NewReader(split), strings.NewReader(vectorsPickle), "")
	if err != nil || len(leftOut) > 0 || !slices.Equal(v.Seen, []bool{true, false}) {
		t.Errorf("got %+v, %q, %v", v, leftOut, err)
	}
}

func TestTagsOfNoSetAreLeftOut(t *testing.T) {
	v, leftOut, err := ImportPickles(strings.NewReader("sun\nmoon\n"), strings.NewReader(sets("K\x01", "")), strings.NewReader(vectorsPickle), "")
	if err != nil || !slices.Equal(leftOut, []string{"sun"}) || !slices.Equal(v.Vectors, []float32{2, 4, 6}) || !v.Seen[0] {
		t.Errorf("got %+v, %q, %v", v, leftOut, err)
	}
}

func TestImportRefusesOtherForms(t *testing.T) {
	for name, c := range map[string]struct{ classes, unseen, vectors, want string }{
		"index too large":   {classesPickle, sets("K\x00", "K\x02"), vectorsPickle, `unseen classes: set "test" has index 2, there are 2 classes`},
		"negative index":    {classesPickle, sets("I-1\n", ""), vectorsPickle, `set "train" has index -1`},
		"no index":          {classesPickle, sets("U\x01x", ""), vectorsPickle, `set "train" has a str, no index`},
		"in two sets":       {classesPickle, sets("K\x00", "K\x00"), vectorsPickle, "index 0 is in two sets"},
		"all left out":      {classesPickle, sets("", ""), vectorsPickle, "0 tags, want 1"},
		"another dict":      {classesPickle, strings.Replace(sets("K\x00", "K\x01"), "train", "trash", 1), vectorsPickle, "a dict, no list of strings"},
		"two arrays":        {classesPickle, unseenPickle, wrapped(vectorsPickle, "a", "b"), "a dict of several ndarrays"},
		"a dict of nothing": {classesPickle, unseenPickle, "}.", "a dict, no ndarray"},
		"two images":        {classesPickle, unseenPickle, strings.Replace(vectorsPickle, "(I3\nI2\nt", "(I3\nI2\nI1\nt", 1), "shape [3 2 1] for 2 classes"},
		"fewer names":       {"sun\n", unseenPickle, vectorsPickle, "among the 1 classes"},
		"names as binary":   {"sun\n\xff", unseenPickle, vectorsPickle, "invalid classes: invalid list of tags: line 2 is no UTF-8 text"},
		"unseen as binary":  {classesPickle, "\x00", vectorsPickle, "invalid unseen classes: invalid list of tags: line 1"},
		"another order":     {`{"categories": [{"id": 3, "name": "sun"}, {"id": 2, "name": "moon"}]}`, unseenPickle, vectorsPickle, `category "moon" has id 2 and follows "sun" with 3`},
		"one id twice":      {`{"categories": [{"id": 3, "name": "sun"}, {"id": 3, "name": "moon"}]}`, unseenPickle, vectorsPickle, "has id 3 and follows"},
		"no categories":     {`{"images": []}`, unseenPickle, vectorsPickle, `instances JSON: no list "categories"`},
		"deep JSON":         {`{"images": ` + strings.Repeat("[", 20_000), unseenPickle, vectorsPickle, "instances JSON: lists and objects are more than 10000 deep"},
		"cut JSON":          {`{"images": [{"id": 1`, unseenPickle, vectorsPickle, "invalid classes: instances JSON: unexpected EOF"},
		"cut categories":    {`{"categories": [{"id": 1`, unseenPickle, vectorsPickle, "categories: unexpected EOF"},
		"other categories":  {`{"categories": 7}`, unseenPickle, vectorsPickle, "categories: json"},
	} {
		_, err := importText(c.classes, c.unseen, c.vectors)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestPicklesAreToldFromTexts(t *testing.T) {
	for head, want := range map[string]bool{
		"\x80\x04\x95": true, "}q\x00(K": true, "]q\x00X": true, "(dp0\nI0\n": true, "(lp0\nVmoon": true, "(dI0\n": true, "(lVmoon\n": true, "(d.": true,
		"cnumpy.core.multiarray\n_reconstruct\np0\n(": true, "cposix\nsystem\n(S'x'": true,
		"": false, "cat\ncow\npig": false, "cat\ncow\n": false, "(dog)\n": false, "(dp\n": false, "Polar bear\n": false, "zebra.": false,
	} {
		if got := isPickle([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func FuzzClasses(f *testing.F) {
	f.Add([]byte(classesPickle))
	f.Add([]byte("sun\nmoon\n"))
	f.Add([]byte(cocoJSON([]string{"sun", "moon"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		tags, err := readClasses(strings.NewReader(string(data)))
		if err != nil && len(tags) > 0 {
			t.Fatalf("%q, %v", tags, err)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(unseenPickle))
	f.Add([]byte("moon\n"))
	f.Add([]byte(sets("K\x00", "K\x01")))
	f.Fuzz(func(t *testing.T, data []byte) {
		split, err := readSplit(strings.NewReader(string(data)), []string{"sun", "moon"})
		if err == nil && len(split) != 2 {
			t.Fatal(split)
		}
	})
}
