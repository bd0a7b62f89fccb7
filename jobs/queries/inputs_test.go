package queries_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// program runs a command of the program that must end well.
func program(t *testing.T, args ...string) {
	t.Helper()
	command := exec.Command(programPath(t), args...)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// described returns the columns of a file with their types.
func described(d *database, path string) []string {
	d.t.Helper()
	return d.lines(fmt.Sprintf("SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(%s))", quoted(path)))
}

func (d *database) columns(path string, want ...string) {
	d.t.Helper()
	if got := described(d, path); !slices.Equal(got, want) {
		d.t.Errorf("%s has the columns %q, want %q", path, got, want)
	}
}

// TestManifestsThatWereListed compares a manifest with the files it lists.
func TestManifestsThatWereListed(t *testing.T) {
	folder, d := t.TempDir(), openDuckDB(t)
	names := []string{"a 'b' %20?.png", "größe.jpg", "two\nlines.png"}
	at := time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.UTC) // an hour that Europe left out
	var want []string
	for i, name := range names {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, make([]byte, 100*i), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		modified := at.Add(time.Duration(i) * time.Hour)
		want = append(want, fmt.Sprintf("%s | %d | %d-%d | %d", path, 100*i, modified.UnixNano(), 100*i, modified.UnixMicro()))
	}
	manifest := filepath.Join(t.TempDir(), "m.parquet")
	program(t, "manifest", "build", folder, "--output", manifest)
	d.columns(manifest, "uri | VARCHAR", "size | BIGINT", "version | VARCHAR", "modified | "+timestamp)
	d.expect(fmt.Sprintf("SELECT uri, size, version, epoch_us(modified) FROM %s", quoted(manifest)), want)
	d.exec("SET TimeZone = 'America/New_York'") // a time is the same moment everywhere
	d.expect(fmt.Sprintf("SELECT count(*) FROM %s WHERE modified = '2026-03-29 01:30:00.123456+00'::TIMESTAMPTZ", quoted(manifest)), []string{"1"})

	again := filepath.Join(t.TempDir(), "m.jsonl")
	program(t, "manifest", "build", folder, "--output", again)
	d.expect(fmt.Sprintf("SELECT uri, size, version, epoch_us(modified) FROM read_json(%s)", quoted(again)), want)
}

// fixture is a file of a known set.
func fixture(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "training", "sources"}, parts...)...)
}

// labelColumns are those of labelled Parquet.
var labelColumns = []string{"uri | VARCHAR", "positives | VARCHAR[]", "negatives | VARCHAR[]", "split | VARCHAR"}

// TestImportedLabels tells null from a list without elements.
func TestImportedLabels(t *testing.T) {
	d := openDuckDB(t)
	imported := func(args ...string) string {
		path := filepath.Join(t.TempDir(), "labels.parquet")
		program(t, append([]string{"labels", "import", "--output", path}, args...)...)
		d.columns(path, labelColumns...)
		return "SELECT uri, positives::VARCHAR, coalesce(negatives::VARCHAR, 'others'), coalesce(split, 'none') FROM " + quoted(path)
	}
	d.expect(imported("coco", "--instances", fixture("coco", "testdata", "instances.json"), "--split", "val"), []string{
		"000000397133.jpg | [bottle, person] | others | val",
		"000000037777.jpg | [person, toothbrush] | others | val",
		"000000252219.jpg | [] | others | val",
	})
	at := func(name string) string { return fixture("nuswide", "testdata", name) }
	d.expect(imported("nuswide", "--list", at("Imagelist.txt"), "--images", "s3://nus/Flickr", "--concepts", at("Concepts81.txt"), "--concept-labels", at("AllLabels"),
		"--tags", at("TagList1k.txt"), "--tag-matrix", at("AllTags1k.txt"), "--train-list", at("TrainImagelist.txt"), "--test-list", at("TestImagelist.txt")), []string{
		"s3://nus/Flickr/actor/0001_2124494179.jpg | [lake, sky, water] | others | none",
		"s3://nus/Flickr/actor/0002_174174086.jpg | [nature, sky, water] | others | test",
		"s3://nus/Flickr/administrative_assistant/0003_534152430.jpg | [] | others | test",
		"s3://nus/Flickr/zoo/0004_1.jpg | [] | others | none",
	})
	d.expect(imported("openimages", "--labels", fixture("openimages", "testdata", "labels.csv"), "--classes", fixture("openimages", "testdata", "class-descriptions.csv")), []string{
		"000026e7ee790996.jpg | [Sky, Tree] | [Head] | none",
		"000062a39995e348.jpg | [Tree] | [] | none",
		"0000c64e1253d68f.jpg | [] | ['Car, of any kind'] | none",
	})
}

// TestAnImportedVocabulary reads the vectors that the pickles hold.
func TestAnImportedVocabulary(t *testing.T) {
	d, path := openDuckDB(t), filepath.Join(t.TempDir(), "vocab.parquet")
	at := func(name string) string {
		return filepath.Join("..", "..", "cmd", "sdl-batch", "testdata", "pickles", name)
	}
	program(t, "vocab", "import", "--classes", at("classes.pickle"), "--unseen", at("unseen.pickle"), "--vectors", at("vectors.pickle"),
		"--label-space", "letters", "--output", path)
	d.columns(path, documented["vocab"]...)
	d.expect("SELECT tag_id, tag, seen, vector FROM "+quoted(path), []string{
		"0 | boat | true | [1 0 0 0]", "1 | cat | true | [0.5 1 0 0]", "2 | lake | false | [0 0 1 0]", "3 | snow | false | [0 0 0 1]",
	})
	d.expect("SELECT decode(value) FROM parquet_kv_metadata("+quoted(path)+") WHERE decode(key) = 'sdl.label_space'", []string{"letters"})
}

// TestAVocabularyOfTextVectors reads what was built of a GloVe file.
func TestAVocabularyOfTextVectors(t *testing.T) {
	d, folder := openDuckDB(t), t.TempDir()
	for name, text := range map[string]string{"glove.txt": "sea 3 4\nred 0 1\nblue 1 0\n", "seen.txt": "red\nsea\n", "unseen.txt": "blue\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "vocab.parquet")
	program(t, "vocab", "build", "--vectors", filepath.Join(folder, "glove.txt"), "--seen", filepath.Join(folder, "seen.txt"),
		"--unseen", filepath.Join(folder, "unseen.txt"), "--output", path)
	d.columns(path, documented["vocab"]...)
	d.expect("SELECT tag, seen, vector FROM "+quoted(path)+" ORDER BY tag", []string{"blue | false | [1 0]", "red | true | [0 1]", "sea | true | [0.6 0.8]"})
}

// TestTimesOfARunAreMoments: the same in every time zone.
func TestTimesOfARunAreMoments(t *testing.T) {
	l := labelled(t)
	d := openViews(t, l)
	utc := d.lines("SELECT epoch_us(processed_at) FROM images ORDER BY ALL")
	d.exec("SET TimeZone = 'Asia/Kathmandu'")
	d.expect("SELECT epoch_us(processed_at) FROM images ORDER BY ALL", utc)
	d.expect("SELECT bool_and(abs(epoch_us(now()) - epoch_us(processed_at)) < 3600e6) FROM images", []string{"true"})
}
