package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/doctor"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/model/ort/orttest"
	"github.com/sdl-batch/sdl-batch/storage"
)

// crashes is the environment variable that makes a child end without an answer.
const crashes = "SDL_TEST_CRASH"

// TestMain makes the test's program the child that a doctor starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == doctor.Command {
		if os.Getenv(crashes) != "" {
			fmt.Fprintln(os.Stderr, "first line\nwent up in smoke")
			os.Exit(139)
		}
		if err := doctor.ChildMain(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func options(t *testing.T) doctor.Options {
	t.Helper()
	o := doctor.Options{Executable: os.Args[0], Program: "test 1", ScratchDir: t.TempDir()}
	o.Library = orttest.Load(t).Path
	return o
}

// examine runs the doctor and returns its findings by check.
func examine(t *testing.T, o doctor.Options) (map[string]doctor.Finding, error) {
	t.Helper()
	told := 0
	r, err := doctor.Run(t.Context(), o, func(doctor.Finding) { told++ })
	if r == nil {
		t.Fatal(err)
	}
	if told != len(r.Findings) || r.Healthy != (err == nil) {
		t.Errorf("told of %d findings of %d; healthy %v, error %v", told, len(r.Findings), r.Healthy, err)
	}
	all := map[string]doctor.Finding{}
	for _, f := range r.Findings {
		all[f.Check] = f
		if f.Detail == "" || (f.Status == doctor.Fail) != (f.Err != nil) {
			t.Errorf("finding %+v", f)
		}
	}
	return all, err
}

// expect checks a finding's status and words of it.
func expect(t *testing.T, all map[string]doctor.Finding, check string, status doctor.Status, says string) {
	t.Helper()
	if f := all[check]; f.Status != status || !strings.Contains(f.Detail+"; "+f.Hint, says) {
		t.Errorf("%s: %+v, want %s and %q", check, f, status, says)
	}
}

func TestAHealthyMachine(t *testing.T) {
	o := options(t)
	all, err := examine(t, o)
	if err != nil {
		t.Error(err)
	}
	expect(t, all, "program", doctor.OK, "test 1, go1.")
	expect(t, all, "scratch", doctor.OK, o.ScratchDir)
	expect(t, all, "library", doctor.OK, o.Library+", version 1.")
	expect(t, all, "model", doctor.OK, "they fit together")
	expect(t, all, "cpu", doctor.OK, "labels an image in ")
	if all["cpu"].Seconds <= 0 {
		t.Error("an image takes no time")
	}
	for _, device := range []string{"cuda", "tensorrt", "webgpu"} {
		if s := all[device].Status; s != doctor.Off && s != doctor.OK {
			t.Errorf("%s is %s", device, s)
		}
	}
	if left, _ := os.ReadDir(o.ScratchDir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestADeviceThatIsNamedMustWork(t *testing.T) {
	o := options(t)
	o.Device = "cuda:7"
	all, err := examine(t, o)
	if all["cuda:7"].Status == doctor.OK {
		t.Skip("SKIPPED, NOT PASSED: eight GPUs are here")
	}
	if !errors.Is(err, jobs.ErrConfig) {
		t.Error(err)
	}
	expect(t, all, "cuda:7", doctor.Fail, "beside")
	expect(t, all, "cpu", doctor.OK, "")
	o.Device = "tpu"
	if r, err := doctor.Run(t.Context(), o, nil); r != nil || !errors.Is(err, jobs.ErrConfig) {
		t.Errorf("an unknown device: %v", err)
	}
}

// TestADeviceThatEndsTheProcess is told as what it is.
func TestADeviceThatEndsTheProcess(t *testing.T) {
	t.Setenv(crashes, "1")
	all, err := examine(t, options(t))
	if !errors.Is(err, jobs.ErrConfig) {
		t.Error(err)
	}
	expect(t, all, "cpu", doctor.Fail, "the try ended without a result: exit status 139 went up in smoke")
	expect(t, all, "cuda", doctor.Off, "without a result")
}

func TestWhatIsMissing(t *testing.T) {
	o := options(t)
	o.Library = filepath.Join(t.TempDir(), "nowhere")
	o.ScratchDir = o.Library
	o.Model = o.Library
	all, err := examine(t, o)
	if !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), "3 of 5 checks failed") {
		t.Error(err)
	}
	expect(t, all, "library", doctor.Fail, "nowhere")
	expect(t, all, "scratch", doctor.Fail, "TMPDIR")
	expect(t, all, "model", doctor.Fail, "nowhere")
	if !errors.Is(all["library"].Err, ort.ErrNoLibrary) || !errors.Is(all["model"].Err, storage.ErrNotExist) {
		t.Errorf("%v; %v", all["library"].Err, all["model"].Err)
	}
	if _, tried := all["cpu"]; tried {
		t.Error("a device was tried without a library")
	}
}

func TestAVocabularyThatDoesNotFit(t *testing.T) {
	o := options(t)
	o.Vocab = filepath.Join(t.TempDir(), "vocab.parquet")
	v := &model.Vocabulary{Tags: []string{"a", "b"}, Seen: []bool{true, false}, Dim: 2, Vectors: []float32{1, 0, 0, 1}}
	file, err := os.Create(o.Vocab)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := v.Encode(file); err != nil {
		t.Fatal(err)
	}
	all, err := examine(t, o)
	if !errors.Is(err, jobs.ErrConfig) || !errors.Is(all["model"].Err, model.ErrMismatch) {
		t.Errorf("%v, %+v", err, all["model"])
	}
}

func TestALibraryThatIsNone(t *testing.T) {
	o := options(t)
	o.Library = filepath.Join(t.TempDir(), "libonnxruntime.so.1")
	if err := os.WriteFile(o.Library, []byte("no library"), 0o666); err != nil {
		t.Fatal(err)
	}
	all, err := examine(t, o)
	if !errors.Is(err, jobs.ErrConfig) {
		t.Error(err)
	}
	expect(t, all, "cpu", doctor.Fail, "load "+o.Library)
}

func TestEndOfTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if r, err := doctor.Run(ctx, options(t), nil); r != nil || !errors.Is(err, stop) {
		t.Errorf("%v, %v", r, err)
	}
}
