package labels_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var vocab = &model.Vocabulary{Tags: []string{"red", "green", "blue", "round"}, Seen: []bool{true, true, true, false}, Dim: 1, Vectors: []float32{1, 1, 1, 1}}

func table(t testing.TB, rows []columnar.Label, o columnar.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := columnar.NewLabelWriter(&buf, o)
	ok(t, err)
	for _, r := range rows {
		ok(t, w.Append(r))
	}
	ok(t, w.Close())
	return buf.Bytes()
}

func write(t testing.TB, rows []columnar.Label, o columnar.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.parquet")
	ok(t, os.WriteFile(path, table(t, rows, o), 0o600))
	return path
}

func read(t testing.TB, rows []columnar.Label, o labels.Options) *labels.Set {
	t.Helper()
	set, err := labels.Read(t.Context(), write(t, rows, columnar.Options{}), vocab, o)
	ok(t, err)
	t.Cleanup(func() { set.Close() })
	return set
}

var sample = []columnar.Label{
	{URI: "a.jpg", Positives: []string{"round", "red", "purple", "red"}, Split: "train"},
	{URI: "", Positives: []string{"red"}},
	{URI: "b.jpg", Partial: true, Positives: []string{"blue"}, Negatives: []string{"red", "purple", "blue", "green"}, Split: "VAL"},
	{URI: "c\xff.jpg"},
	{URI: "d.jpg", Partial: true, Split: "test"},
	{URI: "größe?.jpg", Positives: []string{"pink", "purple"}},
}

func TestRowsComeBackWithTheirTags(t *testing.T) {
	set := read(t, sample, labels.Options{})
	want := []labels.Row{
		{Number: 0, URI: "a.jpg", Positives: []int32{0, 3}, Split: "train"},
		{Number: 2, URI: "b.jpg", Positives: []int32{2}, Negatives: []int32{0, 1}, Partial: true, Split: "VAL"},
		{Number: 4, URI: "d.jpg", Partial: true, Split: "test"},
		{Number: 5, URI: "größe?.jpg"},
	}
	part := set.Part(labels.All)
	if part.Len() != int64(len(want)) {
		t.Fatalf("%d rows", part.Len())
	}
	for _, i := range []int64{3, 0, 2, 1} {
		got, err := part.Row(i)
		if err != nil || !cmp.Equal(want[i], got) {
			t.Errorf("row %d: %v\n%s", i, err, cmp.Diff(want[i], got))
		}
	}
	next := 0
	for row, err := range part.Rows(t.Context()) {
		if err != nil || !cmp.Equal(want[next], row) {
			t.Errorf("row %d: %v\n%s", next, err, cmp.Diff(want[next], row))
		}
		next++
	}
	if next != len(want) {
		t.Errorf("%d rows", next)
	}
	for _, i := range []int64{-1, 4} {
		if _, err := part.Row(i); err == nil {
			t.Errorf("row %d of 4 was read", i)
		}
	}
}

func TestWhatIsOddIsCounted(t *testing.T) {
	part := func(r *labels.Row) string {
		if r.Split == "test" {
			return ""
		}
		return labels.SplitBy(0, 1)(r)
	}
	got := read(t, sample, labels.Options{Part: part}).Counts()
	want := labels.Counts{
		Rows: 6, Invalid: 2, LeftOut: 1, Parts: map[string]int64{"train": 2, "validation": 1}, Partial: 1, NoPositives: 1, Conflicts: 1,
		Unknown: labels.UnknownTags{Uses: 4, Tags: 2, Most: []labels.TagCount{{Tag: "purple", Count: 3}, {Tag: "pink", Count: 1}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheMostFrequentUnknownTagsAreNamed(t *testing.T) {
	var rows []columnar.Label
	for i := range 70000 {
		rows = append(rows, columnar.Label{URI: "a", Positives: []string{fmt.Sprint("unknown", i), fmt.Sprint("often", i%30)}})
	}
	u := read(t, rows, labels.Options{}).Counts().Unknown
	if u.Uses != 140000 || !u.More || u.Tags != 1<<16 || len(u.Most) != 20 || u.Most[0] != (labels.TagCount{Tag: "often0", Count: 2334}) {
		t.Errorf("%d uses of %d tags, more %v; %v", u.Uses, u.Tags, u.More, u.Most)
	}
}

func TestPartsHaveTheirRows(t *testing.T) {
	set := read(t, sample, labels.Options{Part: func(r *labels.Row) string { return fmt.Sprint(r.Number % 4) }})
	if got := set.Parts(); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("parts %q", got)
	}
	row, err := set.Part("0").Row(1)
	if err != nil || row.Number != 4 || set.Part("0").Len() != 2 || set.Part("3").Len() != 0 {
		t.Errorf("row %+v, %v", row, err)
	}
	many := make([]columnar.Label, 100)
	for i := range many {
		many[i].URI = fmt.Sprint(i)
	}
	_, err = labels.Read(t.Context(), write(t, many, columnar.Options{}), vocab, labels.Options{Part: func(r *labels.Row) string { return r.URI }})
	if err == nil || !strings.Contains(err.Error(), "more than 64 parts") {
		t.Errorf("a hundred parts: %v", err)
	}
}

func TestTheDigestIsOfTheRowsAlone(t *testing.T) {
	digest := func(v *model.Vocabulary, o columnar.Options, rows ...columnar.Label) string {
		set, err := labels.Read(t.Context(), write(t, rows, o), v, labels.Options{})
		ok(t, err)
		defer set.Close()
		return set.Digest()
	}
	row := columnar.Label{URI: "a", Positives: []string{"red", "blue"}, Negatives: []string{"green", "x"}, Partial: true, Split: "train"}
	other := columnar.Label{URI: "b"}
	want := digest(vocab, columnar.Options{}, row, other)
	if !strings.HasPrefix(want, "sha256:") || len(want) != 7+64 {
		t.Errorf("digest %q", want)
	}
	same := row
	same.Positives, same.Negatives = []string{"blue", "red", "blue"}, []string{"x", "green"}
	small := &model.Vocabulary{Tags: []string{"red"}, Seen: []bool{true}, Dim: 1, Vectors: []float32{1}}
	if got := digest(small, columnar.Options{RowGroupRows: 1, Metadata: map[string]string{"by": "another"}}, same, other); got != want {
		t.Errorf("the same rows have digest %s, not %s", got, want)
	}
	for name, change := range map[string]func(*columnar.Label){
		"uri": func(l *columnar.Label) { l.URI = "A" }, "split": func(l *columnar.Label) { l.Split = "" },
		"positives": func(l *columnar.Label) { l.Positives = l.Positives[:1] }, "negatives": func(l *columnar.Label) { l.Negatives = l.Negatives[:1] },
	} {
		changed := row
		change(&changed)
		if digest(vocab, columnar.Options{}, changed, other) == want {
			t.Errorf("another %s has the same digest", name)
		}
	}
	none := other
	none.Partial = true
	if digest(vocab, columnar.Options{}, row, none) == want {
		t.Error("a row of which nothing is known has the digest of one of which all is")
	}
	if digest(vocab, columnar.Options{}, other, row) == want || digest(vocab, columnar.Options{}, row) == want {
		t.Error("other rows have the same digest")
	}
}

func TestScratchFilesHaveNoName(t *testing.T) {
	folder := t.TempDir()
	set := read(t, sample, labels.Options{ScratchDir: folder})
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("files %v, %v", left, err)
	}
	part := set.Part(labels.All)
	ok(t, set.Close())
	if _, err := part.Row(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a row of a closed set: %v", err)
	}
	_, err := labels.Read(t.Context(), write(t, sample, columnar.Options{}), vocab, labels.Options{ScratchDir: filepath.Join(folder, "none")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestRowsAreReadSideBySide(t *testing.T) {
	rows := make([]columnar.Label, 1000)
	for i := range rows {
		rows[i] = columnar.Label{URI: strings.Repeat("x", i%300) + fmt.Sprint(i), Positives: vocab.Tags[:i%5]}
	}
	part := read(t, rows, labels.Options{}).Part(labels.All)
	var readers sync.WaitGroup
	for r := range 4 {
		readers.Go(func() {
			order := labels.Shuffle(part.Len(), 1, uint64(r))
			for i := range order.Len() {
				at := order.At(i)
				row, err := part.Row(at)
				if err != nil || row.URI != rows[at].URI || len(row.Positives) != int(at%5) {
					t.Errorf("row %d: %+v, %v", at, row, err)
				}
			}
		})
	}
	readers.Wait()
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	rows := make([]columnar.Label, 150_000)
	for i := range rows {
		rows[i] = columnar.Label{URI: fmt.Sprintf("s3://lake/photos/2024/%012d.jpg", i), Positives: vocab.Tags[:2]}
	}
	path := write(t, rows, columnar.Options{})
	rows = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	set, err := labels.Read(t.Context(), path, vocab, labels.Options{})
	ok(t, err)
	defer set.Close()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("%d bytes held for 150,000 rows", grown)
	}
	if set.Part(labels.All).Len() != 150_000 {
		t.Error("rows are missing")
	}
}

func TestLabelsInAnyStore(t *testing.T) {
	b, err := storage.Open(t.Context(), "mem://labels-test")
	ok(t, err)
	w, err := b.NewWriter(t.Context(), "deep/l.parquet")
	ok(t, err)
	_, err = w.Write(table(t, sample, columnar.Options{}))
	ok(t, errors.Join(err, w.Close()))
	set, err := labels.Read(t.Context(), "mem://labels-test/deep/l.parquet", vocab, labels.Options{})
	ok(t, err)
	defer set.Close()
	if set.Counts().Rows != 6 {
		t.Errorf("%+v", set.Counts())
	}
	if _, err := labels.Read(t.Context(), "mem://labels-test/none.parquet", vocab, labels.Options{}); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestOtherFilesAreNoLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.txt")
	ok(t, os.WriteFile(path, []byte("a.jpg red\n"), 0o600))
	if _, err := labels.Read(t.Context(), path, vocab, labels.Options{}); !errors.Is(err, columnar.ErrCorrupt) || !strings.Contains(err.Error(), "labels.txt") {
		t.Errorf("text: %v", err)
	}
}

func TestCancellationEndsReading(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	set, err := labels.Read(ctx, write(t, sample, columnar.Options{}), vocab, labels.Options{})
	ok(t, err)
	defer set.Close()
	cancel(stop)
	for _, err := range set.Part(labels.All).Rows(ctx) {
		if !errors.Is(err, stop) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := labels.Read(ctx, write(t, sample, columnar.Options{}), vocab, labels.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
