package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sdl-batch/sdl-batch/jobs/encoder"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
)

// onnx are the flags of `model import --onnx`.
type onnx struct {
	encoder.Options
	short      int
	scale      float64
	mean, std  []float64
	reduction  string
	normalise  []string
	logitScale float64
}

// onnxFlags are those that mean something with --onnx alone, checkpointFlags
// those that do with --checkpoint.
var (
	onnxFlags = []string{"preset", "mean", "std", "scale", "short-side", "layout", "input-name", "output-name", "output-layout",
		"skip-rows", "reduction", "normalise", "logit-scale", "name", "ort-lib", "threads"}
	checkpointFlags = []string{"rows", "seed"}
)

func (x *onnx) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&x.Graph, "onnx", "", "ONNX file of an image encoder: a path or URI")
	f.StringVar(&x.Name, "name", "", "what to call the encoder, as ViT-B/32")
	f.StringVar(&x.Preset, "preset", "", "preprocessing, filter and scoring as published: "+strings.Join(encoder.Presets(), ", "))
	f.Float64SliceVar(&x.mean, "mean", nil, "mean of red, green and blue after scaling, or one for all: `numbers` (default: as --preset says, else needed)")
	f.Float64SliceVar(&x.std, "std", nil, "deviation of red, green and blue, or one for all: `numbers` (default: as --preset says, else needed)")
	f.Float64Var(&x.scale, "scale", 1.0/255, "factor on the bytes of pixels, before mean and deviation")
	f.IntVar(&x.short, "short-side", 0, "pixels of the shorter side, of which the middle is kept (default: the image is stretched, or as the preset says)")
	f.StringVar(&x.Layout, "layout", "", "colours first, nchw, or last, nhwc, where the graph leaves it open (default: as the graph says)")
	f.StringVar(&x.InputName, "input-name", "", "input that takes images, where there are several (default: the only one)")
	f.StringVar(&x.OutputName, "output-name", "", "output that gives embeddings, where there are several (default: the only one)")
	f.StringVar(&x.Rows.Layout, "output-layout", "", "order of the output's axes (images, rows or height and width, dimension): "+strings.Join(foreign.Layouts, ", ")+" (default: by its shape and the dimension)")
	f.IntVar(&x.Rows.Skip, "skip-rows", 0, "leading rows to leave out, as a class token (default 0)")
	f.StringVar(&x.reduction, "reduction", "max", "how the scores of the rows become one: max, mean, or topk-mean:N for the mean of the best N")
	f.StringSliceVar(&x.normalise, "normalise", nil, "what is scaled to unit length before the product: rows, labels or both; none (default: as the preset says)")
	f.Float64Var(&x.logitScale, "logit-scale", 1, "factor on every score; by default as --preset says")
	f.StringVar(&x.Library, "ort-lib", "", "path of the ONNX Runtime library, with which the encoder is tried (default: SDL_ORT_LIB, beside the program, system paths)")
	f.IntVar(&x.Threads, "threads", 0, "threads of the trial (default: all cores)")
	for name, words := range map[string]string{"mean": "", "std": "", "scale": "1/255"} {
		f.Lookup(name).DefValue = words
	}
	complete(c, "preset", encoder.Presets()...)
	complete(c, "layout", foreign.NCHW, foreign.NHWC)
	complete(c, "output-layout", foreign.Layouts...)
	complete(c, "reduction", model.ReduceMax, model.ReduceMean, "topk-mean:4")
	complete(c, "normalise", "rows", "labels", "rows,labels", "none")
}

// oneSource wants a checkpoint or an encoder, with the flags that belong to it.
func oneSource(f *pflag.FlagSet) error {
	source, others := "checkpoint", onnxFlags
	switch {
	case f.Changed("checkpoint") == f.Changed("onnx"):
		return usage("sdl-batch model import needs --checkpoint or --onnx, one of them")
	case f.Changed("onnx"):
		source, others = "onnx", checkpointFlags
	}
	for _, name := range others {
		if f.Changed(name) {
			return usage("--%s does not go with --%s", name, source)
		}
	}
	return nil
}

// run imports the encoder. in and o are flags that checkpoints have, too.
func (x *onnx) run(c *cobra.Command, in *input, output string, o model.ImportOptions) error {
	if err := x.read(c.Flags()); err != nil {
		return err
	}
	build, err := in.options(c, 0)
	if err != nil {
		return err
	}
	x.Output, x.Vocabulary, x.Program, x.Force = output, build.Vocabulary, build.Program, o.Force
	x.EXIF, x.Rows.Dim, x.LibraryEnv = in.exif, o.Dim, os.Getenv("SDL_ORT_LIB")
	if c.Flags().Changed("size") {
		x.Size = o.Size
	}
	if c.Flags().Changed("filter") {
		x.Filter = in.filter
	}
	b, notes, err := encoder.Import(c.Context(), x.Options)
	if err != nil {
		return orCheckpoint(orForce(err), x.Graph)
	}
	for _, note := range notes {
		fmt.Fprintf(c.ErrOrStderr(), "sdl-batch: note: %s\n", note)
	}
	return printBundle(c.OutOrStdout(), b.Inspect())
}

// orOnnx tells who names an ONNX file as a checkpoint which flag takes it,
// orCheckpoint the other way round.
func orOnnx(err error, uri string) error {
	if errors.Is(err, model.ErrCorrupt) && strings.HasSuffix(uri, ".onnx") {
		return hinted{err, "--onnx takes image encoders in ONNX"}
	}
	return err
}

func orCheckpoint(err error, uri string) error {
	if errors.Is(err, model.ErrInvalid) && slices.Contains([]string{".pth", ".pt", ".ckpt"}, path.Ext(uri)) {
		return hinted{err, "--checkpoint takes PyTorch's files; other networks than TResNets are exported as ONNX first"}
	}
	return err
}

// read turns the flags that were given into options.
func (x *onnx) read(f *pflag.FlagSet) (err error) {
	if f.Changed("short-side") {
		x.ShortSide = &x.short
	}
	if f.Changed("scale") {
		x.Scale = &x.scale
	}
	if f.Changed("logit-scale") {
		x.LogitScale = &x.logitScale
	}
	if x.Mean, err = colours("mean", x.mean); err != nil {
		return err
	}
	if x.Std, err = colours("std", x.std); err != nil {
		return err
	}
	if f.Changed("normalise") {
		if x.Normalise, err = sides(x.normalise); err != nil {
			return err
		}
	}
	if f.Changed("reduction") {
		x.Reduction, err = reduction(x.reduction)
	}
	return err
}

// colours reads a value for each colour, or one for all; none is nil.
func colours(flag string, values []float64) (*[3]float64, error) {
	switch len(values) {
	case 0:
		return nil, nil
	case 1:
		return &[3]float64{values[0], values[0], values[0]}, nil
	case 3:
		return (*[3]float64)(values), nil
	}
	return nil, usage("--%s has %d numbers, want three, or one for all colours", flag, len(values))
}

func sides(names []string) (*model.Normalise, error) {
	for _, name := range names {
		if !slices.Contains([]string{"rows", "labels", "none"}, name) || name == "none" && len(names) > 1 {
			return nil, usage("--normalise %q: want rows, labels, both with a comma, or none", strings.Join(names, ","))
		}
	}
	return &model.Normalise{Rows: slices.Contains(names, "rows"), Labels: slices.Contains(names, "labels")}, nil
}

// reduction reads max, mean or topk-mean:N.
func reduction(text string) (*model.Reduction, error) {
	switch count, top := strings.CutPrefix(text, "topk-mean:"); {
	case text == model.ReduceMax || text == model.ReduceMean:
		return &model.Reduction{Kind: text}, nil
	case top:
		if n, err := strconv.Atoi(count); err == nil && n > 0 {
			return &model.Reduction{Kind: model.ReduceTopKMean, K: n}, nil
		}
	}
	return nil, usage("--reduction %q: want max, mean, or topk-mean:N", text)
}
