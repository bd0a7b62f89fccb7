package labelimport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/labelimport"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/plain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// source is a file of a set in its published form.
func source(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "training", "sources"}, parts...)...)
}

// vocabulary writes one of tags; the last is unseen.
func vocabulary(t *testing.T, tags ...string) string {
	t.Helper()
	v := &model.Vocabulary{Tags: tags, Dim: 1}
	for i := range tags {
		v.Seen, v.Vectors = append(v.Seen, i < len(tags)-1), append(v.Vectors, 1)
	}
	path := filepath.Join(t.TempDir(), "vocab.parquet")
	ok(t, model.WriteVocabulary(t.Context(), path, v))
	return path
}

// rows reads labelled Parquet, a line a row.
func rows(t *testing.T, path string) (lines []string) {
	t.Helper()
	data, err := os.ReadFile(path)
	ok(t, err)
	file, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	ok(t, file.Labels(t.Context(), func(l columnar.Label) error {
		negatives := "*"
		if l.Partial {
			negatives = fmt.Sprint(l.Negatives)
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s +%v -%s %s", l.URI, l.Positives, negatives, l.Split)))
		return nil
	}))
	return lines
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func output(t *testing.T) labelimport.Options {
	t.Helper()
	return labelimport.Options{Output: filepath.Join(t.TempDir(), "deep", "labels.parquet"), Program: "test"}
}

func cocoImport(o labelimport.Options) labelimport.COCO {
	return labelimport.COCO{Options: o, Instances: source("coco", "testdata", "instances.json")}
}

func TestCOCOIsJoinedByName(t *testing.T) {
	o := cocoImport(output(t))
	o.Images, o.Split = "s3://coco/val2017?region=r", "test"
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{
		"s3://coco/val2017/000000397133.jpg +[bottle person] -* test",
		"s3://coco/val2017/000000037777.jpg +[person toothbrush] -* test",
		"s3://coco/val2017/000000252219.jpg +[] -* test",
	}, rows(t, o.Output))
	want := &labelimport.Imported{
		Output: o.Output, Images: 3, Labelled: 2, Positives: 4, Tags: 4, Splits: map[string]int64{"test": 3},
		Notes:    labelimport.Notes{Annotations: 6, Crowds: 1},
		Unjoined: []labelimport.Unjoined{{Kind: labelimport.UnknownImage, Names: 1, Uses: 1, First: []labelimport.Count{{Name: "99", Uses: 1}}}},
		Seconds:  got.Seconds,
	}
	same(t, want, got)
}

// TestWhatASetDoesNotJudgeStaysUnknown: the vocabulary has a tag that COCO never
// annotated, which must not count as negative.
func TestWhatASetDoesNotJudgeStaysUnknown(t *testing.T) {
	o := cocoImport(output(t))
	o.SkipCrowds = true
	o.Vocab = vocabulary(t, "toothbrush", "zebra", "person", "bottle")
	o.Unjoined = filepath.Join(t.TempDir(), "unjoined.csv")
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{
		"000000397133.jpg +[bottle person] -[toothbrush]",
		"000000037777.jpg +[toothbrush] -[bottle person]",
		"000000252219.jpg +[] -[bottle person toothbrush]",
	}, rows(t, o.Output))
	if !got.Partial || got.Negatives != 6 || got.Positives != 3 || got.Tags != 3 {
		t.Errorf("got %+v", got)
	}
	list, err := os.ReadFile(o.Unjoined)
	ok(t, err)
	same(t, "kind,name,uses\nmissing_tag,zebra,0\nunknown_image,99,1\nunknown_tag,potted plant,0\n", string(list))
}

// TestAVocabularyOfTheSetsOwnLeavesNothingUnknown in whatever order its tags are.
func TestAVocabularyOfTheSetsOwnLeavesNothingUnknown(t *testing.T) {
	o := cocoImport(output(t))
	o.Vocab = vocabulary(t, "toothbrush", "person", "bottle")
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, "000000397133.jpg +[bottle person] -*", rows(t, o.Output)[0])
	if got.Partial || got.Unjoined[1].Kind != labelimport.UnknownTag || got.Unjoined[1].First[0].Name != "potted plant" {
		t.Errorf("got %+v", got)
	}
}

func TestNothingInCommonIsAnError(t *testing.T) {
	o := cocoImport(output(t))
	o.Vocab = vocabulary(t, "Person", "Bottle")
	_, err := o.Run(t.Context(), nil)
	if !errors.Is(err, labelimport.ErrNoTags) || !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), `it has "person", "bottle", "toothbrush", …, the vocabulary "Person", "Bottle"`) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(o.Output); err == nil {
		t.Error("a file was written")
	}
	o.IgnoreCase = true
	_, err = o.Run(t.Context(), nil)
	ok(t, err)
	same(t, "000000397133.jpg +[Bottle Person] -*", rows(t, o.Output)[0])
}

// TestCaseIsIgnoredOnlyWhereOneTagIsMeant.
func TestCaseIsIgnoredOnlyWhereOneTagIsMeant(t *testing.T) {
	o := cocoImport(output(t))
	o.Vocab, o.IgnoreCase = vocabulary(t, "PERSON", "Person", "bottle", "BOTTLE", "Toothbrush"), true
	_, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{
		"000000397133.jpg +[bottle] -[Toothbrush]", "000000037777.jpg +[Toothbrush] -[bottle]", "000000252219.jpg +[] -[Toothbrush bottle]",
	}, rows(t, o.Output))
}

func nusImport(o labelimport.Options) labelimport.NUSWide {
	at := func(name string) string { return source("nuswide", "testdata", name) }
	return labelimport.NUSWide{
		Options: o, List: at("Imagelist.txt"), Concepts: at("Concepts81.txt"), Labels: at("AllLabels/"), Tags: at("TagList1k.txt"), Matrix: at("AllTags1k.txt"),
	}
}

func TestNUSWideHasSlashesAndTestImages(t *testing.T) {
	o := nusImport(output(t))
	o.Images = "/data/nus/Flickr/"
	o.TrainList, o.TestList = source("nuswide", "testdata", "TrainImagelist.txt"), source("nuswide", "testdata", "TestImagelist.txt")
	o.Vocab = vocabulary(t, "nature", "water", "lake", "sky")
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{
		"/data/nus/Flickr/actor/0001_2124494179.jpg +[lake sky water] -*",
		"/data/nus/Flickr/actor/0002_174174086.jpg +[nature sky water] -* test",
		"/data/nus/Flickr/administrative_assistant/0003_534152430.jpg +[] -* test",
		"/data/nus/Flickr/zoo/0004_1.jpg +[] -*",
	}, rows(t, o.Output))
	same(t, map[string]int64{"": 2, "test": 2}, got.Splits)
	same(t, []labelimport.Unjoined{}, got.Unjoined)
}

func TestNUSWideImagesInNeitherListAreLeftOut(t *testing.T) {
	o := nusImport(output(t))
	o.TestList = filepath.Join(t.TempDir(), "list.txt")
	ok(t, os.WriteFile(o.TestList, []byte("zoo\\0004_1.jpg\nzoo\\gone.jpg\n"), 0o600))
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{"zoo/0004_1.jpg +[] -* test"}, rows(t, o.Output))
	if got.Notes.LeftOut != 3 || len(got.Unjoined) != 2 || got.Unjoined[0].Names != 3 || got.Unjoined[1].First[0].Name != "zoo/gone.jpg" {
		t.Errorf("got %+v", got)
	}
}

func TestNUSWideConceptsByPattern(t *testing.T) {
	o := nusImport(output(t))
	o.Tags, o.Matrix, o.Split = "", "", "test"
	o.Labels = source("nuswide", "testdata", "AllLabels", "*bels_*.txt")
	if _, err := o.Run(t.Context(), nil); !errors.Is(err, storage.ErrNotExist) || !strings.Contains(err.Error(), `labels of concept "lake"`) {
		t.Errorf("got %v", err)
	}
	o.Labels = source("nuswide", "testdata", "AllLabels", "Labels_*.txt")
	o.Vocab = vocabulary(t, "water", "lake", "sky")
	_, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, "actor/0002_174174086.jpg +[sky] -[lake] test", rows(t, o.Output)[1])
}

func TestNUSWideRefusesWhatDoesNotGoTogether(t *testing.T) {
	for want, change := range map[string]func(*labelimport.NUSWide){
		"no list of images given":                                     func(o *labelimport.NUSWide) { o.List = "" },
		"the names of the concepts and their labels go together":      func(o *labelimport.NUSWide) { o.Labels = "" },
		"the names of the tags and their matrix go together":          func(o *labelimport.NUSWide) { o.Tags = "" },
		"neither concepts nor tags given":                             func(o *labelimport.NUSWide) { o.Tags, o.Matrix, o.Concepts, o.Labels = "", "", "", "" },
		"lists of the parts and one split for all exclude each other": func(o *labelimport.NUSWide) { o.Split, o.TestList = "test", o.List },
		"no output given": func(o *labelimport.NUSWide) { o.Output = "" },
		"actor/0001_2124494179.jpg is in the list to train on and in the list to test on": func(o *labelimport.NUSWide) { o.TrainList, o.TestList = o.List, o.List },
		`TagList1k.txt, line 1: "nature" where 0 or 1 is wanted`:                          func(o *labelimport.NUSWide) { o.Matrix = o.Tags },
		"without a vocabulary there is":                                                   func(o *labelimport.NUSWide) { o.IgnoreCase = true },
	} {
		o := nusImport(output(t))
		change(&o)
		if _, err := o.Run(t.Context(), nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func openImport(o labelimport.Options) labelimport.OpenImages {
	return labelimport.OpenImages{
		Options: o, Labels: source("openimages", "testdata", "labels.csv"), Classes: source("openimages", "testdata", "class-descriptions.csv"),
	}
}

func TestOpenImagesKeepsWhatIsNotTrue(t *testing.T) {
	o := openImport(output(t))
	o.Images, o.Split = "s3://open-images-dataset/validation/", "val"
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{
		"s3://open-images-dataset/validation/000026e7ee790996.jpg +[Sky Tree] -[Head] val",
		"s3://open-images-dataset/validation/000062a39995e348.jpg +[Tree] -[] val",
		"s3://open-images-dataset/validation/0000c64e1253d68f.jpg +[] -[Car, of any kind] val",
	}, rows(t, o.Output))
	want := &labelimport.Imported{
		Output: o.Output, Images: 3, Labelled: 2, Positives: 3, Negatives: 2, Tags: 4, Partial: true, Splits: map[string]int64{"val": 3},
		Notes: labelimport.Notes{Labels: 8, Uncertain: 1, Conflicts: 1}, Unjoined: []labelimport.Unjoined{}, Seconds: got.Seconds,
	}
	same(t, want, got)
}

// TestOpenImagesInAnotherOrder reads the file twice.
func TestOpenImagesInAnotherOrder(t *testing.T) {
	o := openImport(output(t))
	o.Labels = filepath.Join(t.TempDir(), "labels.csv")
	file := "ImageID,Source,LabelName,Confidence\nb,v,/m/07j7r,1\nb,v,/m/0tree,0\na,v,/m/04hgtk,1\na,v,/m/none,1\na,v,/m/01bqvp,0\n"
	ok(t, os.WriteFile(o.Labels, []byte(file), 0o600))
	o.Vocab, o.IgnoreCase = vocabulary(t, "tree", "sky", "cloud"), true
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	same(t, []string{"b.jpg +[tree] -[]", "a.jpg +[] -[sky]"}, rows(t, o.Output)) // of one name, positive counts
	if got.Notes.Labels != 5 || got.Notes.Conflicts != 1 || got.Labelled != 1 {
		t.Errorf("got %+v", got)
	}
	var kinds []string
	for _, u := range got.Unjoined {
		kinds = append(kinds, fmt.Sprint(u.Kind, u.First))
	}
	same(t, []string{"missing_tag[{cloud 0}]", "unknown_tag[{Head 1}]", "unnamed_class[{/m/none 1}]"}, kinds)
	ok(t, os.WriteFile(o.Labels, []byte(file+"b,v,/m/01bqvp,1\n"), 0o600))
	if _, err := o.Run(t.Context(), nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "line 7: rows of image b came before") {
		t.Errorf("got %v", err)
	}
}

// put stores a file in memory and returns its URI.
func put(t *testing.T, name string, data []byte) string {
	t.Helper()
	uri := "mem://labelimport/in/" + name
	ok(t, jobs.WriteObject(t.Context(), uri, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}))
	return uri
}

// packed is a file of a set, as gzip.
func packed(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(source(parts...))
	ok(t, err)
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err = z.Write(data)
	ok(t, errors.Join(err, z.Close()))
	return out.Bytes()
}

func TestFilesMayBeCompressedAndAnywhere(t *testing.T) {
	o := openImport(labelimport.Options{Output: "mem://labelimport/out/labels.parquet"})
	labels := packed(t, "openimages", "testdata", "labels.csv")
	o.Labels, o.Classes = put(t, "labels.csv.gz", labels), put(t, "classes.csv.gz", packed(t, "openimages", "testdata", "class-descriptions.csv"))
	got, err := o.Run(t.Context(), nil)
	ok(t, err)
	if got.Images != 3 {
		t.Errorf("got %+v", got)
	}
	o.Labels = put(t, "cut.csv.gz", labels[:len(labels)-20])
	if _, err := o.Run(t.Context(), nil); !errors.Is(err, plain.ErrTruncated) || !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "cut.csv.gz") {
		t.Errorf("got %v", err)
	}
	o.Labels = put(t, "labels.zip", []byte("PK\x03\x04 and so on"))
	if _, err := o.Run(t.Context(), nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "labels.zip is a zip archive") {
		t.Errorf("got %v", err)
	}
}

func TestAnInterruptedImportWritesNothing(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	for name, run := range map[string]func(labelimport.Options) error{
		"coco":       func(o labelimport.Options) error { _, err := cocoImport(o).Run(ctx, nil); return err },
		"nuswide":    func(o labelimport.Options) error { _, err := nusImport(o).Run(ctx, nil); return err },
		"openimages": func(o labelimport.Options) error { _, err := openImport(o).Run(ctx, nil); return err },
	} {
		o := output(t)
		if err := run(o); !errors.Is(err, stop) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(o.Output); err == nil {
			t.Errorf("%s wrote a file", name)
		}
	}
}
