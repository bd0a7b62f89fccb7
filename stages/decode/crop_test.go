package decode_test

import (
	"encoding/json"
	"testing"

	"github.com/sdl-batch/sdl-batch/stages/decode"
)

// TestCropAsTorchvision wants the very pixels of torchvision's Resize and
// CenterCrop; testdata/README.md tells how they were made.
func TestCropAsTorchvision(t *testing.T) {
	var cases []struct {
		pillowCase
		Short int
	}
	if err := json.Unmarshal(readFile(t, "testdata/crop.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Fatalf("%d cases, want 40 and more", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Expected, func(t *testing.T) {
			spec := decode.Spec{Size: c.Size, ShortSide: c.Short, Filter: c.Filter, ApplyEXIF: c.EXIF}
			got, info := decoded(t, readFile(t, "testdata/"+c.File), spec)
			if info.Width != c.Width || info.Height != c.Height {
				t.Errorf("size %d x %d, want %d x %d", info.Width, info.Height, c.Width, c.Height)
			}
			compare(t, c.Expected, got, readFile(t, "testdata/"+c.Expected), 0, 0)
		})
	}
}

func TestCropNeedsAShortSideOfTheSize(t *testing.T) {
	if _, err := decode.New(decode.Spec{Size: 16, ShortSide: 15, Filter: "bicubic"}, decode.Limits{}); err == nil {
		t.Error("16 pixels were kept of 15")
	}
}
