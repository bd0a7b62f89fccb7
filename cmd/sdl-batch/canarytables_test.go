package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// TestNoTableTellsASecret labels, checks, trains and measures with secrets in the
// names of images, and looks into every file that is left. What may have them is
// the user's own: the manifests, the columns that he carries, and the rows of a
// compressed manifest, which are kept for a run to go on with.
func TestNoTableTellsASecret(t *testing.T) {
	w := newCanaryWorld(t)
	w.must(t, "demo", "scenes", "--output", "set", "--train", "4", "--val", "2", "--test", "2")
	good := labelsOf(t, filepath.Join(w.folder, "set", "labels.parquet"))
	t.Run("labelling", func(t *testing.T) { t.Parallel(); w.label(t, good) })
	t.Run("a store", func(t *testing.T) { t.Parallel(); w.labelStore(t, good) })
	t.Run("training", func(t *testing.T) { t.Parallel(); w.train(t, good) })
}

// label runs over manifests of every format.
func (w *canaryWorld) label(t *testing.T, good []columnar.Label) {
	for name, text := range map[string]string{
		"m.txt": w.text(good), "m.csv": w.csv(t, good), "m.jsonl": w.jsonl(t, good), "m.parquet": w.parquet(t, w.rows("Parquet", good)), "m.csv.gz": compressed(t, w.csv(t, good)),
	} {
		put(t, filepath.Join(w.folder, name), text)
		if len(w.inFile(t, filepath.Join(w.folder, name))) == 0 && name != "m.csv.gz" {
			t.Errorf("%s: the search finds no secret", name)
		}
		run := []string{"run", "--manifest", name, "--output", "out", "--run-id", name, "--format", map[bool]string{true: "arrow", false: "parquet"}[name == "m.csv"],
			"--allow-http=cdn.example.org", "--shard-rows", "5"}
		if out, status := w.run(t, nil, run...); status != exitRejects {
			t.Errorf("%s: status %d\n%s", name, status, out)
		}
		w.must(t, append(run, "--max-reject-rate", "1")...)
		w.must(t, append(run, "--json")...)
		w.must(t, "verify", "out", "--run-id", name, "--json")
	}
	if out, status := w.run(t, nil, "run", "--manifest", "m.txt", "--output", "out", "--run-id", "m.csv"); status != exitConfig {
		t.Errorf("another manifest: status %d\n%s", status, out)
	}
	files, known := w.inFolder(t, filepath.Join(w.folder, "out"), "_runs/m.csv.gz/manifest/")
	if files < 40 || known != 1 {
		t.Errorf("%d files, %d with the rows of a manifest", files, known)
	}
	w.must(t, "run", "--manifest", "m.csv", "--output", "carried", "--carry", "note", "--max-reject-rate", "1", "--allow-http=cdn.example.org")
	if _, known := w.inFolder(t, filepath.Join(w.folder, "carried"), "/images/", "_runs/"); known != 2 {
		t.Errorf("the carried column is in %d files, want it in the table and in its attempt", known)
	}
	part, err := filepath.Glob(filepath.Join(w.folder, "out", "tags", "run=m.txt", "part-000000.parquet"))
	if err != nil || len(part) != 1 {
		t.Fatal(part, err)
	}
	put(t, part[0], "damaged")
	if _, status := w.run(t, nil, "verify", "out", "--run-id", "m.txt"); status != exitFailed {
		t.Errorf("damage: status %d", status)
	}
}

// labelStore has manifest, model, vocabulary, images and tables in a store whose
// options are secret and which repeats requests in what it says.
func (w *canaryWorld) labelStore(t *testing.T, good []columnar.Label) {
	front := storagetest.NewFront(storagetest.NewS3(t))
	for _, part := range []string{"/lost", "/mute", "/deny"} {
		front.Always("GET", part, func(w http.ResponseWriter, r *http.Request, _ http.Handler) { echo(w, r) })
	}
	folder, query, _ := strings.Cut(storagetest.Serve(t, front), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	values.Set("region", w.at("option of a store"))
	options := "?" + values.Encode()
	bucket, err := storage.Open(t.Context(), folder+"?"+query)
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()
	rows := []string{folder + "/lost.png", folder + "/mute.png", folder + "/deny.png", folder + "/none.png" + options}
	for i, l := range good {
		data, err := os.ReadFile(filepath.Join(w.folder, "set", l.URI))
		store(t, bucket, fmt.Sprintf("good%d.png", i), data, err)
		rows = append(rows, fmt.Sprintf("%s/good%d.png", folder, i))
	}
	vocab, err := os.ReadFile(filepath.Join(w.folder, "set", "vocab.parquet"))
	store(t, bucket, "vocab.parquet", vocab, err)
	store(t, bucket, "m.txt", []byte(strings.Join(rows, "\n")), nil)
	at := func(name string) string { return folder + "/" + name + options }
	w.must(t, "model", "new", "--output", at("model"), "--vocab", at("vocab.parquet"), "--layers", "1,1,1,1", "--width", "0.125", "--rows", "2", "--dim", "18", "--size", "32")
	w.must(t, "model", "inspect", at("model"), "--json")
	w.must(t, "run", "--manifest", at("m.txt"), "--output", at("lake"), "--model", at("model"), "--vocab", at("vocab.parquet"), "--run-id", "r", "--max-reject-rate", "1", "--json")
	w.must(t, "verify", at("lake"), "--run-id", "r")
	w.must(t, "manifest", "build", at("good*"), "--output", at("listed.parquet"))
	w.must(t, "doctor", at("good0.png"), "--write", at("lake"), "--json")
	front.Always("PUT", "/refused/", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		r.URL.Path = "/deny" // the words alone
		echo(w, r)
	})
	if out, status := w.run(t, nil, "run", "--manifest", at("m.txt"), "--output", at("refused"), "--run-id", "r"); status != exitConfig {
		t.Errorf("a store that refuses: status %d\n%s", status, out)
	}
	down := filepath.Join(t.TempDir(), "store")
	copied(t, bucket, down)
	if files, known := w.inFolder(t, down, "/m.txt"); files < 20 || known != 1 {
		t.Errorf("%d files in the store, %d manifests among them", files, known)
	}
}

// train learns from labels of which some images cannot be had.
func (w *canaryWorld) train(t *testing.T, good []columnar.Label) {
	rows := w.rows("labels", good)
	put(t, filepath.Join(w.folder, "labels.parquet"), w.parquet(t, rows))
	labels := []string{"--labels", "labels.parquet", "--vocab", "set/vocab.parquet", "--allow-http=cdn.example.org", "--max-reject-rate", "1"}
	w.must(t, append([]string{"train", "--init", "new:1,1,1,1x0.125", "--size", "32", "--rows", "2", "--epochs", "1", "--batch", "2", "--output", "trained/net"}, labels...)...)
	w.must(t, append([]string{"train", "--init", "trained/net", "--epochs", "1", "--batch", "2", "--output", "trained/head", "--features", "trained/features", "--json"}, labels...)...)
	w.must(t, append([]string{"eval", "--model", "trained/head", "--json", "--report", "trained/report.json", "--per-tag", "trained/tags.parquet"}, labels...)...)
	w.must(t, append([]string{"promote", "--candidate", "trained/head", "--current", "trained/current", "--require", "seen.map >= 0", "--json"}, labels...)...)
	w.must(t, "model", "inspect", "trained/head", "--json")
	if files, _ := w.inFolder(t, filepath.Join(w.folder, "trained")); files < 10 {
		t.Errorf("%d files of trainings", files)
	}
}

// rows are good images and ones that are not to be had.
func (w *canaryWorld) rows(what string, good []columnar.Label) []columnar.Label {
	rows := append([]columnar.Label(nil), good...)
	for i := range rows {
		rows[i].URI = "set/" + rows[i].URI
	}
	for _, uri := range w.bad(what) {
		rows = append(rows, columnar.Label{URI: uri, Positives: good[0].Positives, Split: "train"})
	}
	return rows
}

// bad are the spellings of rows that ask no store, and those of web images.
func (w *canaryWorld) bad(what string) (all []string) {
	c := func(where string) string { return w.at(what + ": " + where) }
	for _, s := range w.spellings(what) {
		if !strings.HasPrefix(s, "s3://b/") && !strings.HasPrefix(s, "S3://b/") && !strings.Contains(s, "endpoint=") && !strings.HasPrefix(s, "gs://") && !strings.HasPrefix(s, "az://") {
			all = append(all, s)
		}
	}
	return append(all,
		"https://b.s3.amazonaws.com/k.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="+c("credential")+"%2F20261125&X-Amz-Signature="+c("signature")+"&X-Amz-Security-Token="+c("token"),
		"https://a.blob.core.windows.net/c/k.jpg?sv=2024&sig="+c("SAS")+"%3D&se=2026-01-01", "https://h.invalid/c;sig="+c("SAS in the middle")+"/k.jpg",
		"https://storage.googleapis.com/b/k?X-Goog-Signature="+c("goog")+"&GoogleAccessId="+c("access id"),
		"https://h.invalid/k?next=https%253A%252F%252Fme%253A"+c("encoded twice")+"%2540cdn%252Fy%253Fsig%253D"+c("sig encoded twice"),
		"https://h.invalid/k?sig="+strings.Repeat("a", 3000)+c("end of a long one"), "https://h.invalid/;jsessionid="+strings.ToUpper(c("session"))+"?token="+c("token behind"),
		"HTTP://127.0.0.1/k.jpg?SIG="+c("upper"), "https://h.invalid:99999/k?password="+c("bad port"), "https://h.invalid/%zz?secret="+c("bad escape"), "https://[::1/k?sig="+c("bad host"),
		"file:///nowhere/k.jpg?sig="+c("file"), "\thttps://me:"+c("after a tab")+"@h/", "https://me:"+c("a space ")+" "+c("behind a space")+"@h.invalid/x")
}

func (w *canaryWorld) text(good []columnar.Label) string {
	var out strings.Builder
	for _, r := range w.rows("text", good) {
		fmt.Fprintln(&out, r.URI)
	}
	return out.String()
}

func (w *canaryWorld) csv(t *testing.T, good []columnar.Label) string {
	var out bytes.Buffer
	c := csv.NewWriter(&out)
	c.Write([]string{"uri", "note"})
	for _, r := range w.rows("csv", good) {
		c.Write([]string{r.URI, "https://me:" + w.at("a carried column") + "@h"})
	}
	if c.Flush(); c.Error() != nil {
		t.Fatal(c.Error())
	}
	return out.String()
}

// jsonl has rows that are no JSON, too.
func (w *canaryWorld) jsonl(t *testing.T, good []columnar.Label) string {
	var out strings.Builder
	for _, r := range w.rows("jsonl", good) {
		line, err := json.Marshal(map[string]string{"uri": r.URI})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n", line)
	}
	fmt.Fprintf(&out, "{\"uri\": %s}\n{\"uri\": [\"sig=%s\"]}\n", w.at("bad JSON"), w.at("no string"))
	return out.String()
}

func (w *canaryWorld) parquet(t *testing.T, rows []columnar.Label) string {
	var out bytes.Buffer
	labels, err := columnar.NewLabelWriter(&out, columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := labels.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := labels.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func compressed(t *testing.T, text string) string {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func labelsOf(t *testing.T, path string) (all []columnar.Label) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := columnar.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Labels(context.Background(), func(l columnar.Label) error { all = append(all, l); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func store(t *testing.T, b *storage.Bucket, key string, data []byte, err error) {
	t.Helper()
	if err == nil {
		_, err = b.CreateOnce(t.Context(), key, data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copied brings a bucket to a folder.
func copied(t *testing.T, b *storage.Bucket, folder string) {
	t.Helper()
	for o, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := b.ReadAll(t.Context(), o.Key, 1<<26)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, o.Key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, path, string(data))
	}
}
