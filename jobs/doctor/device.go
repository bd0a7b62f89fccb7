package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model/ort"
	"github.com/sdl-batch/sdl-batch/stages/decode"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/scenes"
)

// Command is the first argument of a child process.
const Command = "doctor-device"

// childTime bounds the try of one device.
const childTime = 2 * time.Minute

// timedImages is how many images a device is timed with, after the first.
const timedImages = 5

// Request is what a child is asked: to label an image on one device.
type Request struct {
	engine.Sources
	Library string
	Device  string
	Threads int
}

// Answer is what it found. Error is empty where the device works.
type Answer struct {
	Version   string // of the library
	Tags      []string
	Loading   float64 // seconds
	Seconds   float64 // an image
	Error     string
	Transient bool // another try may help
}

func (a Answer) err() error {
	if a.Transient {
		return fmt.Errorf("%w: %s", storage.ErrTransient, a.Error)
	}
	return fmt.Errorf("%w: %s", jobs.ErrConfig, a.Error)
}

// ask tries a device in a process of its own: libraries that do not fit a
// machine end a process in ways that no error tells.
func (o Options) ask(ctx context.Context, library string, d ort.Device) Answer {
	ctx, cancel := context.WithTimeout(ctx, childTime)
	defer cancel()
	request, err := json.Marshal(Request{Sources: o.Sources, Library: library, Device: d.String(), Threads: o.Threads})
	if err != nil {
		return Answer{Error: err.Error()}
	}
	var out, said bytes.Buffer
	child := exec.CommandContext(ctx, o.Executable, Command)
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(request), &out, &said
	err = child.Run()
	var a Answer
	if json.Unmarshal(out.Bytes(), &a) == nil {
		return a
	}
	if ctx.Err() != nil {
		return Answer{Error: fmt.Sprintf("no result within %v", childTime), Transient: true}
	}
	return Answer{Error: fmt.Sprintf("the try ended without a result: %v %s", err, lastLine(said.String()))}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// ChildMain reads a Request and writes an Answer.
func ChildMain(ctx context.Context, in io.Reader, out io.Writer) error {
	var r Request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	a, err := r.try(ctx)
	if err != nil {
		a.Error, a.Transient = strings.TrimPrefix(err.Error(), jobs.ErrConfig.Error()+": "), errors.Is(err, storage.ErrTransient)
	}
	return json.NewEncoder(out).Encode(a)
}

// try labels images that the program draws.
func (r Request) try(ctx context.Context) (Answer, error) {
	in, err := r.Sources.Open(ctx)
	if err != nil {
		return Answer{}, err
	}
	start := time.Now()
	const topK = 1
	e, err := engine.New(ctx, in, topK, engine.Compute{Library: r.Library, Device: r.Device, Threads: r.Threads, BatchSize: 1}, 1)
	library, _ := ort.Loaded()
	a := Answer{Version: library.Version}
	if err != nil {
		return a, err
	}
	defer e.Close()
	a.Loading = time.Since(start).Seconds()
	for i := range 1 + timedImages {
		if i == 1 { // the first run plans memory
			start = time.Now()
		}
		if a.Tags, err = label(ctx, in, e, i); err != nil {
			return a, err
		}
	}
	a.Seconds = time.Since(start).Seconds() / timedImages
	return a, nil
}

// label decodes, embeds and ranks one drawn image as a labelling does, and
// returns its best tag of each group.
func label(ctx context.Context, in *engine.Inputs, e *engine.Engine, index int) ([]string, error) {
	picture, _ := scenes.Draw(1, index)
	var body bytes.Buffer
	if err := png.Encode(&body, picture); err != nil {
		return nil, err
	}
	spec := engine.DecodeSpec(in.Description())
	decoder, err := decode.New(spec, decode.Limits{})
	if err != nil {
		return nil, err
	}
	pixels := make([]uint8, spec.Size*spec.Size*3)
	if _, err := decoder.Decode(ctx, body.Bytes(), pixels); err != nil {
		return nil, err
	}
	matrix := make([]float32, in.Description().Rows*in.Description().Dim)
	if err := e.Embedder.Embed(ctx, pixels, 1, matrix); err != nil {
		return nil, err
	}
	seen, unseen, err := e.Scorer.Rank(ctx, matrix, 1)
	if err != nil {
		return nil, err
	}
	var best []string
	for _, group := range []ort.Ranked{seen, unseen} {
		if group.Count > 0 {
			best = append(best, in.Vocab.Tags[group.TagIDs[0]])
		}
	}
	return best, nil
}
