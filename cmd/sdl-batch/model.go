package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/tresnet"
	"github.com/sdl-batch/sdl-batch/storage"
)

func newModel() *cobra.Command {
	c := &cobra.Command{
		Use:   "model",
		Short: "Make and look at model bundles",
		Long: `A bundle is a folder with a model: model.json describes it, embed.onnx computes
embedding matrices from pixels, weights.safetensors keeps the parameters as they
were trained. One of an encoder that another program wrote has encoder.onnx, as it
was, in place of both.`,
		Example: `  sdl-batch model import --checkpoint model.pth --output bundle --vocab nus.parquet
  sdl-batch model inspect bundle`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newModelImport(), newModelNew(), newModelInspect())
	return c
}

// input are the flags that say how images become the model's pixels.
type input struct {
	filter string
	exif   string
	vocab  string
}

func (i *input) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&i.filter, "filter", model.FilterBicubic, "resize filter of the model's input: bicubic or bilinear, antialiased as Pillow's")
	f.StringVar(&i.exif, "exif", model.EXIFApply, "EXIF orientation: apply, or ignore as the reference does")
	f.StringVar(&i.vocab, "vocab", "", "vocabulary whose label space the bundle records: a path or URI (default: none)")
	complete(c, "filter", model.FilterBicubic, model.FilterBilinear)
	complete(c, "exif", model.EXIFApply, model.EXIFIgnore)
}

func (i *input) options(c *cobra.Command, seed int64) (model.BuildOptions, error) {
	o := model.BuildOptions{Filter: i.filter, EXIF: i.exif, Seed: seed, Program: program()}
	if i.vocab == "" {
		return o, nil
	}
	v, err := model.ReadVocabulary(c.Context(), i.vocab)
	o.Vocabulary = v
	return o, err
}

// orForce tells how to write over what is there.
func orForce(err error) error {
	if errors.Is(err, storage.ErrExist) {
		return hinted{err, "name another folder, or replace what is there with --force"}
	}
	return err
}

func newModelImport() *cobra.Command {
	var in input
	var o model.ImportOptions
	var foreign onnx
	var checkpoint, output string
	var seed int64
	c := &cobra.Command{
		Use:   "import {--checkpoint F | --onnx F} --output B",
		Short: "Import a PyTorch checkpoint of the reference, or any image encoder in ONNX",
		Long: `With --checkpoint, import a PyTorch checkpoint (.pth), of the zip format or the one
before version 1.6: an SDL model, or an ImageNet backbone of TResNet's authors or of
timm. Layers and width are inferred; rows follow from the dimension, or the
dimension from the rows. A backbone's classifier is dropped and an embedding layer
seeded, which wants training: --rows says how many rows, --vocab or --dim of which
dimension. Tensors may lie under model, state_dict, net or ema or at the top, their
names behind module., model. or body. Nothing in the file is run.

With --onnx, import an image encoder that another program wrote, as CLIP's or
SigLIP's image half, a DINO or a ResNet: one row of an image, or one a patch. The
file stays as it is, and must stand alone: no external data, no operators of other
libraries. Input, output, size, layout, rows and dimension are read from the graph
or found by running it; what it cannot tell is asked for, all at once. No graph
tells how its pixels are scaled: --preset has what CLIP, SigLIP and ImageNet models
were trained with, and each of its values has a flag. The vocabulary holds the
vectors of the same model's text half. Such a bundle labels, is evaluated and
promoted; it cannot be trained.`,
		Example: `  sdl-batch model import --checkpoint model.pth --output bundle --vocab nus.parquet
  sdl-batch model import --checkpoint coco.pth --output bundle --rows 2 --size 608
  sdl-batch model import --checkpoint tresnet_m.pth --output start --rows 7 --vocab nus.parquet
  sdl-batch model import --onnx clip.onnx --preset clip --output-name image_embeds --output clip --vocab tags.parquet
  sdl-batch model import --onnx dino.onnx --preset imagenet --skip-rows 1 --reduction topk-mean:8 \
      --normalise rows,labels --output dino --vocab tags.parquet`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := errors.Join(oneSource(c.Flags()), positive(c, "rows", "dim", "size", "threads")); err != nil {
				return err
			}
			if c.Flags().Changed("onnx") {
				return foreign.run(c, &in, output, o)
			}
			if o.BuildOptions, err = in.options(c, seed); err != nil {
				return err
			}
			b, err := model.ImportCheckpoint(c.Context(), checkpoint, output, o)
			if err != nil {
				return orOnnx(orForce(err), checkpoint)
			}
			return printBundle(c.OutOrStdout(), b.Inspect())
		},
	}
	f := c.Flags()
	f.StringVar(&checkpoint, "checkpoint", "", "PyTorch checkpoint: a path or URI")
	f.StringVar(&output, "output", "", "folder of the bundle: a path or URI")
	f.IntVar(&o.Rows, "rows", 0, "rows of the embedding matrix, K (default: follows from --dim)")
	f.IntVar(&o.Dim, "dim", 0, "dimension of a row, D (default: follows from --rows, else 300; of a backbone that of --vocab; of an encoder found by running it)")
	f.IntVar(&o.Size, "size", 224, "side of the square input in pixels; an encoder mostly tells its own, and has no default")
	in.flags(c)
	f.Lookup("filter").Usage += "; by default as --preset says"
	f.Int64Var(&seed, "seed", 1, "seed of an embedding layer that the checkpoint lacks")
	f.BoolVar(&o.Force, "force", false, "replace another bundle in the folder")
	foreign.flags(c)
	required(c, "output")
	return c
}

func newModelNew() *cobra.Command {
	var in input
	var arch tresnet.Architecture
	var layers, output, preset string
	var seed int64
	var force bool
	c := &cobra.Command{
		Use:   "new --output B",
		Short: "Make an untrained bundle from a seed",
		Long: `Make a bundle of a TResNet, m, l or xl or one of other layers and width, whose
parameters are seeded noise: a start for train. The same seed makes the same bundle.`,
		Example: `  sdl-batch model new --output bundle --preset m --rows 7 --vocab nus.parquet
  sdl-batch model new --output small --layers 1,1,2,1 --width 0.25 --rows 4 --dim 16 --size 64`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := shape(c.Flags(), &arch, preset, layers); err != nil {
				return err
			}
			o, err := in.options(c, seed)
			if err != nil {
				return err
			}
			if o.Vocabulary != nil && !c.Flags().Changed("dim") {
				arch.Dim = o.Vocabulary.Dim
			}
			b, err := model.NewTResNet(arch, o)
			if err != nil {
				return err
			}
			if b, err = model.WriteBundle(c.Context(), output, b, model.WriteOptions{Force: force}); err != nil {
				return orForce(err)
			}
			return printBundle(c.OutOrStdout(), b.Inspect())
		},
	}
	f := c.Flags()
	f.StringVar(&output, "output", "", "folder of the bundle: a path or URI")
	f.StringVar(&preset, "preset", "m", "TResNet m, l or xl")
	complete(c, "preset", "m", "l", "xl")
	f.StringVar(&layers, "layers", "", "blocks in each of the four stages, as 3,4,11,3 (default: the preset's)")
	f.Float64Var(&arch.Width, "width", 0, "width factor (default: the preset's)")
	f.IntVar(&arch.Rows, "rows", 7, "rows of the embedding matrix, K")
	f.IntVar(&arch.Dim, "dim", 300, "dimension of a row, D; by default that of --vocab, where it is given")
	f.IntVar(&arch.InputSize, "size", 224, "side of the square input in pixels")
	in.flags(c)
	f.Int64Var(&seed, "seed", 1, "seed of the parameters")
	f.BoolVar(&force, "force", false, "replace another bundle in the folder")
	required(c, "output")
	return c
}

// shape sets the layers and width that the flags name.
func shape(f *pflag.FlagSet, arch *tresnet.Architecture, preset, layers string) error {
	known, ok := presets[strings.ToLower(preset)]
	if !ok {
		return usage("--preset %q: want m, l or xl", preset)
	}
	arch.Layers = known.Layers
	if !f.Changed("width") {
		arch.Width = known.Width
	}
	if layers == "" {
		return nil
	}
	counts := strings.Split(layers, ",")
	if len(counts) != len(arch.Layers) {
		return usage("--layers %q: want four counts, as 3,4,11,3", layers)
	}
	for i, text := range counts {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return usage("--layers %q: %q is no count", layers, text)
		}
		arch.Layers[i] = n
	}
	return nil
}

var presets = map[string]tresnet.Architecture{"m": tresnet.M, "l": tresnet.L, "xl": tresnet.XL}

func newModelInspect() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect B",
		Short: "Show what a bundle holds and check its files",
		Long: `Show a bundle's model, its input, how tags are scored and its label space. Every file
is read and compared with its digest in model.json. A pointer that promote wrote is
followed.`,
		Example: `  sdl-batch model inspect bundle
  sdl-batch model inspect s3://lake/models/current`,
		Args: exactArgs("a bundle"),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := model.OpenBundle(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := b.Verify(c.Context()); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), b.Inspect())
			}
			return printBundle(c.OutOrStdout(), b.Inspect())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printBundle(w io.Writer, b model.Inspection) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "bundle\t%s\n", b.Location)
	fmt.Fprintf(t, "id\t%s\n", b.ID)
	if b.Pointer != nil {
		fmt.Fprintf(t, "promoted\t%s\n", promotedWords(b.Pointer))
	}
	fmt.Fprintf(t, "architecture\t%s, %.1f M parameters\n", b.Architecture, float64(b.Parameters)/1e6)
	fmt.Fprintf(t, "embedding\t%s of dimension %d; %s\n", counted(b.Rows, "row"), b.Dim, scoreWords(b))
	fmt.Fprintf(t, "input\t%s\n", inputWords(b.Input))
	if b.Output != nil {
		fmt.Fprintf(t, "encoder\t%s\n", encoderWords(b.Input, *b.Output))
	}
	fmt.Fprintf(t, "label space\t%s\n", b.LabelSpace)
	fmt.Fprintf(t, "trained\t%s\n", trainedWords(b.Lineage))
	for _, f := range b.Files {
		fmt.Fprintf(t, "%s\t%s, sha256 %s\n", f.Name, bytesText(f.Bytes), f.SHA256)
	}
	return t.Flush()
}

func trainedWords(l model.Lineage) string {
	switch {
	case l.Trained:
		return "yes"
	case l.Checkpoint != "":
		return "no: the embedding layer is seeded noise, the body is the checkpoint's"
	}
	return "no: seeded noise"
}

// promotedWords tells when and why a pointer came to name a bundle.
func promotedWords(p *model.Pointer) string {
	text := p.PromotedAt.Format(time.RFC3339)
	if len(p.Requirements) > 0 {
		text += ", for " + strings.Join(p.Requirements, " and ")
	}
	if p.Previous != nil {
		text += "; before it " + p.Previous.Bundle
	}
	return text
}
