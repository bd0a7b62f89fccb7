package decode_test

import (
	"encoding/json"
	"testing"

	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// TestPillow wants the very pixels of Pillow for every variant of every format;
// testdata/README.md tells how they were made.
func TestPillow(t *testing.T) {
	for _, c := range pillowCases(t) {
		t.Run(c.File, func(t *testing.T) {
			body := readFile(t, "testdata/"+c.File)
			spec := decode.Spec{Size: c.Size, Filter: c.Filter, ApplyEXIF: c.EXIF}
			got, info := decoded(t, body, spec)
			if info.Width != c.Width || info.Height != c.Height {
				t.Errorf("size %d x %d, want %d x %d", info.Width, info.Height, c.Width, c.Height)
			}
			compare(t, c.Expected, got, readFile(t, "testdata/"+c.Expected), 0, 0)
		})
	}
}

type pillowCase struct {
	File, Expected, Filter string
	Width, Height, Size    int
	EXIF                   bool
}

func pillowCases(t testing.TB) []pillowCase {
	t.Helper()
	var cases []pillowCase
	if err := json.Unmarshal(readFile(t, "testdata/cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 100 {
		t.Fatalf("%d cases, want over 100", len(cases))
	}
	return cases
}

// TestDecoderIsReusable decodes every case with one Decoder, forwards and
// backwards: nothing of one image may show in the next.
func TestDecoderIsReusable(t *testing.T) {
	d, err := decode.New(decode.Spec{Size: 16, Filter: "bicubic"}, decode.Limits{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	cases := pillowCases(t)
	first := make([][]byte, len(cases))
	for i, c := range cases {
		first[i] = make([]byte, 3*16*16)
		if _, err := d.Decode(t.Context(), readFile(t, "testdata/"+c.File), first[i]); err != nil {
			t.Fatalf("%s: %v", c.File, err)
		}
	}
	again := make([]byte, 3*16*16)
	for i := len(cases) - 1; i >= 0; i-- {
		if _, err := d.Decode(t.Context(), readFile(t, "testdata/"+cases[i].File), again); err != nil {
			t.Fatalf("%s: %v", cases[i].File, err)
		}
		if string(again) != string(first[i]) {
			t.Errorf("%s: other pixels the second time", cases[i].File)
		}
	}
}
