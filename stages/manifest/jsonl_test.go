package manifest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sdl-batch/sdl-batch/storage"
)

func toldAll(t *testing.T, text string, c Columns) (out []string) {
	t.Helper()
	for _, r := range readAll(t, text, JSONL, c, 100) {
		out = append(out, told(r))
	}
	return out
}

func TestBrokenJSONIsARow(t *testing.T) {
	text := "\xEF\xBB\xBF" + `{"uri": "a.jpg", "n": 1}` + "\r\n" + strings.Join([]string{
		`{"uri": "b.jpg"`, `{"uri": "c.jpg"} {}`, `["d.jpg"]`, `null`, `17`, `{"uri": 5}`, `{"uri": null, "n": null}`, `{"n": {"deep": [1, 2]}}`,
		`"plain.jpg"`, `"cut`, `{"uri": "\ud83d.jpg"}`, `{"uri": "\ud83d\ude00\ufffd.jpg", "n": "x"}`, "{\"uri\": \"\xff.jpg\", \"n\": \"\xfe\"}",
		`{"URI": "other case"}`, `{"uri": "first", "uri": "e.jpg", "n": 1.50}`, `{"uri": "` + strings.Repeat("x", maxRecord) + `"}`, `{"uri":"` + strings.Repeat("y", maxURI+1) + `"}`, `{"uri": "last.jpg", "n": true}`,
	}, "\n\n")
	want := []string{
		`0/0 a.jpg ["1"]`, `0/1 bad_json [""]`, `0/2 bad_json [""]`, `0/3 bad_json [""]`, `0/4 bad_json [""]`, `0/5 bad_json [""]`, `0/6 bad_json [""]`,
		`0/7 empty_uri [""]`, `0/8 empty_uri ["{\"deep\": [1, 2]}"]`, `0/9 plain.jpg [""]`, `0/10 bad_json [""]`, `0/11 bad_utf8 [""]`, `0/12 😀` + "\uFFFD" + `.jpg ["x"]`, `0/13 bad_utf8 ["�"]`,
		`0/14 empty_uri [""]`, `0/15 e.jpg ["1.50"]`, `0/16 line_too_long [""]`, `0/17 line_too_long [""]`, `0/18 last.jpg ["true"]`,
	}
	if diff := cmp.Diff(want, toldAll(t, text, Columns{Carried: []string{"n"}})); diff != "" {
		t.Error(diff)
	}
	row := readAll(t, `{"uri": "a"}`+"\n{\"uri\": secret", JSONL, Columns{}, 1)[1]
	if row.URI != "" || !strings.HasPrefix(row.Invalid.Message, "line 2: invalid character") || strings.Contains(row.Invalid.Message, "secret") {
		t.Errorf("%q: %+v", row.URI, row.Invalid)
	}
}

// TestKeysAreThoseOfTheFirstLines: programs leave out keys that are null, so that
// the first line does not have to have all.
func TestKeysAreThoseOfTheFirstLines(t *testing.T) {
	text := `{"url": "page", "id": 1}` + "\n" + `{"uri": "b.jpg", "id": 2, "owner": "ann"}` + "\n" + `"c.jpg"`
	want := []string{`0/0 empty_uri ["" "1"]`, `0/1 b.jpg ["ann" "2"]`, `0/2 c.jpg ["" ""]`}
	if diff := cmp.Diff(want, toldAll(t, text, Columns{Carried: []string{"owner", "id"}})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`0/0 page []`, `0/1 empty_uri []`, `0/2 c.jpg []`}, toldAll(t, text, Columns{URI: "URL"})); diff != "" {
		t.Error(diff)
	}
}

func TestStringsAloneNeedNoColumn(t *testing.T) {
	if diff := cmp.Diff([]string{`0/0 a.jpg []`, `0/1 b.jpg []`, `0/2 bad_json []`}, toldAll(t, "\"a.jpg\"\n\"b.jpg\"\n{\"uri\": \"c\"", Columns{})); diff != "" {
		t.Error(diff)
	}
	late := strings.Repeat("\"a.jpg\"\n", headLines) + `{"uri": "b.jpg"}`
	rows := readAll(t, late, JSONL, Columns{}, 400)
	if last := rows[len(rows)-1]; last.Invalid == nil || last.Invalid.Code != CodeBadJSON || !strings.Contains(last.Invalid.Message, "the first lines are strings") {
		t.Errorf("%+v", last)
	}
}

func TestJSONThatIsNoManifest(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns Columns
		want    error
		words   string
	}{
		{"", Columns{}, ErrEmpty, ""},
		{"\n \r\n", Columns{}, ErrEmpty, ""},
		{`{"a": "x"}`, Columns{}, ErrColumn, `no column "uri|url`},
		{`{"uri": "x"}`, Columns{URI: "path"}, ErrColumn, `no column "path" among the manifest's columns ["uri"]`},
		{`{"uri": "x"}`, Columns{Carried: []string{"id"}}, ErrColumn, `no column "id" to carry`},
		{`"x"`, Columns{URI: "path"}, ErrColumn, `no column "path"`},
		{strings.Repeat(`{"uri": "x"}`+"\n", headLines) + `{"uri": "x", "id": 1}`, Columns{Carried: []string{"id"}}, ErrColumn, `in the first 1000 lines: no column "id" to carry`},
		{"[\n{\n\"uri\": \"a\"\n},\n]", Columns{}, storage.ErrInvalid, "none of the first 5 lines is a JSON object or a string; line 1: unexpected end"},
		{`[{"uri": "a"}, {"uri": "b"}]`, Columns{}, storage.ErrInvalid, "line 1: want a JSON object or a string a line"},
		{"a.jpg\nb.jpg", Columns{}, storage.ErrInvalid, "line 1: invalid character"},
		{strings.Repeat("no\n", headLines+1), Columns{}, storage.ErrInvalid, "row 999: none of the first 1000"},
	} {
		_, err := scanned(t, c.text, JSONL, c.columns)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.words) || c.want == ErrColumn && strings.Contains(err.Error(), "row ") {
			t.Errorf("%.40q: %v", c.text, err)
		}
	}
}
