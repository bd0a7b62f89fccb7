package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/train"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

func newTrain() *cobra.Command {
	var o train.Options
	var preset string
	var asJSON bool
	c := &cobra.Command{
		Use:   "train --labels L --init B --output B2",
		Short: "Retrain a model from labelled images",
		Long: `Train a model on labelled images and write it as a bundle that run takes as it is.

--tune head trains the embedding layer alone, on features that are computed once;
last-stage and all train the network itself. Only seen tags are trained, and only
seen tags, on images that are held out, pick the best epoch. Rows whose split is
train or val stay on that side; of rows without a split, --held-out is the share
that validates.

L is Parquet with the columns uri (string) and positives (list of strings), and
perhaps negatives (list of strings; where it is not null, what is in neither list is
unknown) and split (string). Images without a seen tag among their positives are
left out, counted and named.

Interrupted at any point, the same command goes on where it stopped, and ends with
the weights it would have had; computing features begins anew. B2/_training holds
checkpoints, metrics.parquet and training.html, a page with the curves.`,
		Example: `  sdl-batch train --labels reviewed.parquet --vocab nus.parquet --init bundle --output bundle2
  sdl-batch train --labels s3://lake/labels.parquet --vocab nus.parquet --init bundle --output s3://lake/models/2 \
      --tune last-stage --epochs 5 --rate 1e-5
  sdl-batch train --labels labels.parquet --vocab vocab.parquet --init new:tresnet-m --output model --tune all`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "epochs", "batch", "threads", "decoders", "fetchers", "per-host", "rows", "size", "rate"); err != nil {
				return err
			}
			if err := errors.Join(ofNewNets(c, o.Init), fillRecipe(c, &o, preset)); err != nil {
				return err
			}
			o.Program, o.LibraryEnv = program(), os.Getenv("SDL_ORT_LIB")
			show, done := watchTraining(os.Stderr)
			summary, err := train.Run(c.Context(), o, show)
			done()
			if err != nil {
				return trainError(err, o)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), summary)
			}
			return printTraining(c.OutOrStdout(), summary)
		},
	}
	trainFlags(c, &o, &preset)
	c.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	required(c, "labels", "init", "output")
	return c
}

func trainFlags(c *cobra.Command, o *train.Options, preset *string) {
	f := c.Flags()
	f.StringVar(&o.Labels, "labels", "", "labelled Parquet: a path or URI")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.StringVar(&o.Init, "init", "", "bundle to begin from, or new:tresnet-m, -l, -xl, or new:BLOCKSxWIDTH as new:1,1,2,1x0.25")
	f.StringVar(&o.Output, "output", "", "folder of the new bundle: a path or URI")
	f.StringVar(&o.Tune, "tune", "", "head, last-stage or all (default: head, of a new net all)")
	f.StringVar(preset, "recipe", "", "settings to begin with: reference, head or scratch (default: by --tune and --init)")
	f.BoolVar(&o.ForceVocab, "force-vocab", false, "use the vocabulary although it seems to be from another label space")
	recipeFlags(c)
	f.IntVar(&o.Rows, "rows", 7, "rows of the embedding matrix of a new net, K")
	f.IntVar(&o.Size, "size", 224, "side of a new net's square input in pixels")
	f.StringVar(&o.Filter, "filter", model.FilterBicubic, "resize filter of a new net: bicubic or bilinear")
	f.StringVar(&o.Features, "features", "", "folder that keeps computed features for later trainings with --tune head (default: none)")
	f.DurationVar(&o.SaveEvery, "save-every", 0, "time between checkpoints within an epoch (default: 10m)")
	addAccess(c, &o.Access, "remote labels")
	f.Float64Var(&o.MaxRejectRate, "max-reject-rate", 0.1, "share of images that may be unreadable, 0 to 1; over it the training ends")
	f.StringVar(&o.ScratchDir, "scratch", "", "local folder for labels and features while training (default: the system's)")
	addDevice(c, &o.Compute)
	complete(c, "tune", train.Tunings...)
	complete(c, "recipe", train.PresetNames...)
	complete(c, "filter", model.FilterBicubic, model.FilterBilinear)
}

// ofNewNets refuses flags that say what a bundle says itself.
func ofNewNets(c *cobra.Command, init string) error {
	for _, name := range []string{"rows", "size", "filter"} {
		if c.Flags().Changed(name) && !strings.HasPrefix(init, "new:") {
			return usage("--%s is for a new net, and --init %s is a bundle", name, init)
		}
	}
	return nil
}

// setting is one flag of the recipe.
type setting struct {
	name, usage string
	field       func(r *train.Recipe) any // pointer to int, int64, float64, bool or string
}

var settings = []setting{
	{"epochs", "passes over the images", func(r *train.Recipe) any { return &r.Epochs }},
	{"batch", "images a step", func(r *train.Recipe) any { return &r.Batch }},
	{"rate", "largest learning rate of the one-cycle schedule", func(r *train.Recipe) any { return &r.Rate }},
	{"warmup", "share of the steps that climb to it", func(r *train.Recipe) any { return &r.WarmUp }},
	{"decay", "L2 decay of weights; biases and norms have none", func(r *train.Recipe) any { return &r.Decay }},
	{"regulariser", "weight w of the matrix rows' variance in the loss, 0 to below 1", func(r *train.Recipe) any { return &r.Regulariser }},
	{"no-regulariser", "leave it out: the loss is diversity times ranking", func(r *train.Recipe) any { return &r.NoRegulariser }},
	{"no-diversity", "weigh every image alike", func(r *train.Recipe) any { return &r.NoDiversity }},
	{"cutout", "side of the square cut out, in parts of the image's; 0: none", func(r *train.Recipe) any { return &r.Cutout }},
	{"augment-ops", "RandAugment operations an image; 0: none", func(r *train.Recipe) any { return &r.Ops }},
	{"augment-magnitude", "their strength, 0 to 30", func(r *train.Recipe) any { return &r.Magnitude }},
	{"flip", "mirror every other image", func(r *train.Recipe) any { return &r.Flip }},
	{"ema", "keep a moving average of the weights with this share, as 0.9997; 0: none", func(r *train.Recipe) any { return &r.Average }},
	{"patience", "stop after so many epochs without a better one; 0: never", func(r *train.Recipe) any { return &r.Patience }},
	{"metric", "picks the best epoch: seen.map, seen.f1@3, …", func(r *train.Recipe) any { return &r.Metric }},
	{"held-out", "share of the rows without a split that validate", func(r *train.Recipe) any { return &r.HeldOut }},
	{"seed", "of shuffling, augmentation, the held-out share and new parameters", func(r *train.Recipe) any { return &r.Seed }},
}

// recipeFlags adds a flag for each setting; its default is the recipe's.
func recipeFlags(c *cobra.Command) {
	f := c.Flags()
	reference, err := train.Preset(train.PresetNames[0])
	if err != nil {
		panic("main: " + err.Error())
	}
	for _, s := range settings {
		usage := s.usage + defaults(s)
		switch s.field(&reference).(type) {
		case *int:
			f.Int(s.name, 0, usage)
		case *int64:
			f.Int64(s.name, 0, usage)
		case *float64:
			f.Float64(s.name, 0, usage)
		case *bool:
			f.Bool(s.name, false, usage)
		case *string:
			f.String(s.name, "", usage)
		}
	}
}

// defaults are a setting's values in the recipes.
func defaults(s setting) string {
	var all []string
	for _, name := range train.PresetNames {
		r, err := train.Preset(name)
		if err != nil {
			panic("main: " + err.Error())
		}
		all = append(all, fmt.Sprint(reflect.ValueOf(s.field(&r)).Elem()))
	}
	switch alike := len(slices.Compact(slices.Clone(all))) == 1; {
	case alike && all[0] == "false":
		return ""
	case alike:
		return fmt.Sprintf(" (default: %s)", all[0])
	}
	for i, name := range train.PresetNames {
		all[i] = name + " " + all[i]
	}
	return fmt.Sprintf(" (default: %s)", strings.Join(all, ", "))
}

// fillRecipe takes the preset and what the flags say otherwise.
func fillRecipe(c *cobra.Command, o *train.Options, preset string) error {
	if o.Tune == "" {
		o.Tune = train.DefaultTuning(o.Init)
	}
	if !slices.Contains(train.Tunings, o.Tune) {
		return usage("--tune %q: want %s", o.Tune, strings.Join(train.Tunings, ", "))
	}
	if preset == "" {
		preset = train.DefaultPreset(o.Init, o.Tune)
	}
	var err error
	if o.Recipe, err = train.Preset(preset); err != nil {
		return usage("--recipe: %v", err)
	}
	f := c.Flags()
	for _, s := range settings {
		if !f.Changed(s.name) {
			continue
		}
		switch field := s.field(&o.Recipe).(type) {
		case *int:
			*field, err = f.GetInt(s.name)
		case *int64:
			*field, err = f.GetInt64(s.name)
		case *float64:
			*field, err = f.GetFloat64(s.name)
		case *bool:
			*field, err = f.GetBool(s.name)
		case *string:
			*field, err = f.GetString(s.name)
		}
		if err != nil {
			return usageError{err}
		}
	}
	return nil
}

// trainError words an error with its cure.
func trainError(err error, o train.Options) error {
	switch {
	case errors.Is(err, train.ErrOtherTraining):
		return hinted{err, "name another --output, or give the settings that it was begun with"}
	case errors.Is(err, train.ErrDiverged):
		return hinted{err, fmt.Sprintf("name another --output and a --rate below %g; %s has the curves", o.Recipe.Rate, o.Page())}
	case errors.Is(err, jobs.ErrRejectBudget):
		return hinted{err, "repair the images named above, or allow more with --max-reject-rate; the same command goes on where it stopped"}
	case errors.Is(err, columnar.ErrCorrupt) && !errors.Is(err, model.ErrCorrupt):
		return hinted{err, "labels are a Parquet file with the columns uri (string) and positives (list of strings)"}
	case errors.Is(err, model.ErrMismatch) && o.Vocab == "":
		return hinted{err, "the vocabulary in the program is for the model in the program: name yours with --vocab"}
	}
	return err
}

func printTraining(w io.Writer, s train.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "bundle\t%s\n", s.Output)
	fmt.Fprintf(t, "id\t%s\n", s.ModelID)
	if s.AlreadyFinished {
		fmt.Fprintf(t, "training\tfinished already\n")
	} else {
		fmt.Fprintf(t, "training\t%d epochs, %d steps on %s, %s; %s\n", s.Epochs, s.Steps, s.Device, secondsText(s.Seconds), s.Ended)
	}
	fmt.Fprintf(t, "images\t%d\n", s.Images)
	if s.Dropped > 0 {
		fmt.Fprintf(t, "dropped\t%d without a seen tag%s\n", s.Dropped, firstNames(s.DroppedImages, int(s.Dropped)))
	}
	if s.Rejected > 0 {
		fmt.Fprintf(t, "passed over\t%d times an image could not be read\n", s.Rejected)
	}
	fmt.Fprintf(t, "best epoch\t%d%s\n", s.BestEpoch, metricsText(s.Metrics))
	fmt.Fprintf(t, "page\t%s\n", s.Page)
	return t.Flush()
}

const namesShown = 3

func firstNames(names []string, all int) string {
	if len(names) == 0 {
		return ""
	}
	shown := names[:min(namesShown, len(names))]
	text := ": " + strings.Join(shown, ", ")
	if all > len(shown) {
		text += ", …"
	}
	return text
}

// metricsText shows those that people look at.
func metricsText(metrics map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		if strings.HasSuffix(name, ".map") || strings.Contains(name, ".f1@3") {
			if !strings.HasPrefix(name, "keep.") {
				parts = append(parts, fmt.Sprintf("%s %.1f", name, metrics[name]))
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
