package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sdl-batch/sdl-batch/storage/columnar/columnartest"
)

// TestEveryFormatGivesTheSameRows, with the same numbers and the same codes.
func TestEveryFormatGivesTheSameRows(t *testing.T) {
	rows := []sample{
		{"a b.jpg", "ann"}, {"s3://lake/é+%20?.png", ""}, {"a b.jpg", "ann"}, {"bad\xff.jpg", "x"}, {"gopher://x/y", "two\nlines"},
		{strings.Repeat("n", maxURI), "at the limit"}, {strings.Repeat("n", maxURI+1), "over it"}, {"/data/q\"uote.jpg", "b\xfd"}, {"", "no name"}, {"last", "z"},
	}
	everyKind(t, func(t *testing.T, f Format, compression string) {
		c := Columns{Carried: []string{"owner", "id"}}
		if f == Text {
			c = Columns{}
		}
		s, err := planned(t, file(t, compressors[compression](writers[f](rows)), f, c), 3)
		ok(t, err)
		read, err := drain(s)
		ok(t, err)
		var got, want []string
		for _, r := range read {
			got = append(got, told(r))
		}
		number := 0
		for i, r := range rows {
			if f == Text && r.uri == "" {
				continue // a blank line
			}
			name := r.uri
			if code, bad := map[int]string{3: CodeBadUTF8, 6: CodeTooLong, 8: CodeEmptyURI}[i]; bad {
				name = code
			}
			carried := fmt.Sprintf("%q", []string{strings.ToValidUTF8(r.owner, "\uFFFD"), fmt.Sprint(i)})
			if f == Text {
				carried = "[]"
			}
			want = append(want, fmt.Sprintf("%d/%d %s %s", number/3, number, name, carried))
			number++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestShardsAddUpToTheManifest: however a manifest is cut, written and
// compressed, its shards give its rows; shards that are left out change nothing.
func TestShardsAddUpToTheManifest(t *testing.T) {
	everyKind(t, func(t *testing.T, f Format, compression string) {
		rapid.Check(t, func(rt *rapid.T) {
			var rows []sample
			for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-z "é,]{0,12}[a-z]`), 1, 40).Draw(rt, "names") {
				rows = append(rows, sample{uri: name, owner: name})
			}
			shardRows := rapid.Int64Range(1, 7).Draw(rt, "shard")
			left := rapid.Uint64().Draw(rt, "left out")
			s, err := planned(t, file(t, compressors[compression](writers[f](rows)), f, Columns{}), shardRows)
			if err != nil {
				rt.Fatal(err)
			}
			var want []string
			tasks := s.Tasks
			s.Tasks = nil
			for i, task := range tasks {
				if left>>(i%64)&1 == 1 {
					continue
				}
				s.Tasks = append(s.Tasks, task)
				for _, r := range rows[task.Shard.First:][:task.Shard.Rows] {
					want = append(want, r.uri)
				}
			}
			got, err := drain(s)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(want, uris(got)); diff != "" {
				rt.Fatal(diff)
			}
		})
	})
}

func TestFormatsGoByTheName(t *testing.T) {
	for name, want := range map[string]Format{
		"a": Text, "a.txt": Text, "a.csv": CSV, "A.CSV.GZ": CSV, "a.tsv.zst": TSV, "a.jsonl": JSONL, "a.ndjson.gz": JSONL, "a.json": JSONL,
		"a.parquet": Parquet, "a.pq": Parquet, "a.gz": Text, "csv": Text, "a.csv.txt": Text,
	} {
		if got := FormatOf(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if _, err := ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), "[text csv tsv jsonl parquet]") {
		t.Error(err)
	}
}

// TestNullsAndOtherTypesOfParquet: a null has no name, other values are carried
// as text.
func TestNullsAndOtherTypesOfParquet(t *testing.T) {
	a, b := "a.jpg", "b.jpg"
	seven := int64(7)
	data, err := columnartest.Parquet(columnartest.Options{},
		columnartest.Column{Name: "N", Values: []*int64{&seven, nil, nil}}, columnartest.Column{Name: "Path", Values: []*string{&a, nil, &b}},
		columnartest.Column{Name: "score", Values: []float64{0.5, 2, 12345678}})
	ok(t, err)
	rows := readAll(t, string(data), Parquet, Columns{Carried: []string{"score", "n"}}, 2)
	want := []string{`0/0 a.jpg ["0.5" "7"]`, `0/1 empty_uri ["2" ""]`, `1/2 b.jpg ["12345678" ""]`}
	if diff := cmp.Diff(want, []string{told(rows[0]), told(rows[1]), told(rows[2])}); diff != "" {
		t.Error(diff)
	}
}
