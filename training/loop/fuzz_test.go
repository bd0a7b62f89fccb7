package loop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/safetensors"
	"github.com/sdl-batch/sdl-batch/model/tensor"
	"github.com/sdl-batch/sdl-batch/storage"
)

// FuzzCheckpoint loads any bytes as a checkpoint's description, and any tensors
// under a description that fits them: what is taken names files of its folder
// alone, and all of its tensors are whole.
func FuzzCheckpoint(f *testing.F) {
	var whole bytes.Buffer
	ok(f, safetensors.Write(&whole, map[string]tensor.Tensor{"p/w": tensor.New(2, 1), "m/w": tensor.New(2, 1), "x": tensor.New()}, nil))
	state := describe(whole.Bytes())
	for _, c := range []checkpoint{{Progress{Step: 1}, state}, {Progress{Ended: AllSteps, Best: &Best{Epoch: 1, File: state}}, state}, {Progress{Step: -1}, Tensors{Name: "../x", Bytes: 1 << 62}}} {
		text, err := json.Marshal(c)
		ok(f, err)
		f.Add(text, whole.Bytes())
	}
	f.Add([]byte(`{"progress":{"best":{"file":{}}},"state":null}`), []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	b, err := storage.Open(f.Context(), "mem://checkpoints")
	ok(f, err)
	defer b.Close()
	s := &Store{Bucket: b, Folder: "_training/checkpoints/"}
	f.Fuzz(func(t *testing.T, text, tensors []byte) {
		fits, err := json.Marshal(checkpoint{State: describe(tensors)})
		ok(t, err)
		for name, data := range map[string][]byte{"1.json": text, "2.json": fits, tensorsName: tensors} {
			ok(t, s.write(t.Context(), name, func(w io.Writer) error { _, err := w.Write(data); return err }))
		}
		for _, name := range []string{"1.json", "2.json"} {
			r, err := s.open(t.Context(), name)
			if err != nil {
				continue
			}
			if best := r.Progress.Best; best != nil && strings.Contains(best.File.Name, "/") || r.Progress.Step < 0 {
				t.Errorf("%+v", r.Progress)
			}
			for _, part := range []map[string]tensor.Tensor{r.State.Params, r.State.First, r.State.Second, r.Average} {
				for name, one := range part {
					if err := one.Validate(); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		}
	})
}

const tensorsName = "1.safetensors"

// describe says what a file of tensors is.
func describe(data []byte) Tensors {
	sum := sha256.Sum256(data)
	return Tensors{Name: tensorsName, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}
