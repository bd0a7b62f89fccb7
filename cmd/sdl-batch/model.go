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
were trained.`,
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
	var checkpoint, output string
	var seed int64
	c := &cobra.Command{
		Use:   "import --checkpoint F --output B",
		Short: "Import a PyTorch checkpoint of the reference",
		Long: `Import a PyTorch checkpoint (.pth): an SDL model, or an ImageNet backbone, whose
embedding layer is then seeded and wants training. Layers and width are inferred;
rows follow from the dimension, or the dimension from the rows. Nothing in the
file is run.`,
		Example: `  sdl-batch model import --checkpoint model.pth --output bundle --vocab nus.parquet
  sdl-batch model import --checkpoint coco.pth --output bundle --rows 2 --size 608`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.BuildOptions, err = in.options(c, seed); err != nil {
				return err
			}
			b, err := model.ImportCheckpoint(c.Context(), checkpoint, output, o)
			if err != nil {
				return orForce(err)
			}
			return printBundle(c.OutOrStdout(), b.Inspect())
		},
	}
	f := c.Flags()
	f.StringVar(&checkpoint, "checkpoint", "", "PyTorch checkpoint: a path or URI")
	f.StringVar(&output, "output", "", "folder of the bundle: a path or URI")
	f.IntVar(&o.Rows, "rows", 0, "rows of the embedding matrix, K (default: follows from --dim)")
	f.IntVar(&o.Dim, "dim", 0, "dimension of a row, D (default: follows from --rows, else 300)")
	f.IntVar(&o.Size, "size", 224, "side of the square input in pixels")
	in.flags(c)
	f.Int64Var(&seed, "seed", 1, "seed of an embedding layer that the checkpoint lacks")
	f.BoolVar(&o.Force, "force", false, "replace another bundle in the folder")
	required(c, "checkpoint", "output")
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
		Example: `  sdl-batch model new --output bundle --preset m --rows 7 --dim 300
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
	f.IntVar(&arch.Dim, "dim", 300, "dimension of a row, D")
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
	fmt.Fprintf(t, "embedding\t%d rows of dimension %d; a tag's score is the %s over the rows\n", b.Rows, b.Dim, b.RowReduction.Kind)
	fmt.Fprintf(t, "input\t%d x %d pixels, %s, EXIF orientation: %s\n", b.Input.Size, b.Input.Size, b.Input.Filter, b.Input.EXIF)
	fmt.Fprintf(t, "label space\t%s\n", b.LabelSpace)
	if b.Lineage.Trained {
		fmt.Fprintf(t, "trained\tyes\n")
	} else {
		fmt.Fprintf(t, "trained\tno: seeded noise\n")
	}
	for _, f := range b.Files {
		fmt.Fprintf(t, "%s\t%s, sha256 %s\n", f.Name, bytesText(f.Bytes), f.SHA256)
	}
	return t.Flush()
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
