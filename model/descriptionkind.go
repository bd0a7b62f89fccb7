package model

import (
	"strings"
	"unicode"

	"github.com/sdl-batch/sdl-batch/model/foreign"
)

const (
	maxBatch     = 1 << 12 // images a run of a graph whose batch is fixed
	maxRunPixels = 1 << 28 // of all of them together: 768 MiB
)

// TooLarge tells whether one run of a graph takes more or larger images than this
// program holds.
func (in Input) TooLarge() bool {
	images := max(1, in.Batch)
	return images > maxBatch || in.Size > maxInputSize || images*in.Size*in.Size > maxRunPixels
}

// validateKind checks what differs between the kinds of network.
func (d *Description) validateKind(p *problems) {
	if d.Architecture.Kind == KindONNX {
		d.validateONNX(p)
		return
	}
	d.Architecture.validateTResNet(p)
	oneOf(p, "input.type", d.Input.Type, foreign.Uint8)
	oneOf(p, "input.layout", d.Input.Layout, foreign.NHWC)
	if d.Input.Name != "" || d.Input.Batch != 0 || d.Output != nil {
		p.addf("input.name, input.batch and output belong to the kind %q", KindONNX)
	}
}

func (a Architecture) validateTResNet(p *problems) {
	if a.Name != "" {
		p.addf("architecture.name is %q, but a %s has its name from its layers", a.Name, KindTResNet)
	}
	if len(a.Layers) != 4 {
		p.addf("architecture.layers has %d stages, want 4", len(a.Layers))
	}
	for i, n := range a.Layers {
		if n < 1 || n > 1000 {
			p.addf("architecture.layers[%d] is %d, want 1 to 1000", i, n)
		}
	}
	if !positive(a.Width) || a.Width > 64 {
		p.addf("architecture.width is %v, want above 0 to 64", a.Width)
	}
}

func (d *Description) validateONNX(p *problems) {
	if d.Architecture.Layers != nil || d.Architecture.Width != 0 {
		p.addf("architecture.layers and width belong to the kind %q", KindTResNet)
	}
	printable(p, "architecture.name", d.Architecture.Name)
	if d.Files.Weights != (File{}) || d.Files.EmbedInt8 != (File{}) {
		p.addf("files holds more than embed: the parameters of the kind %q are in its graph", KindONNX)
	}
	d.Input.validateONNX(p)
	if d.Output == nil {
		p.addf("output is missing: the kind %q names one", KindONNX)
		return
	}
	d.Output.validate(p, d.Rows)
}

func (in Input) validateONNX(p *problems) {
	named(p, "input.name", in.Name)
	oneOf(p, "input.type", in.Type, foreign.Uint8, foreign.Float32, foreign.Float16)
	oneOf(p, "input.layout", in.Layout, foreign.NHWC, foreign.NCHW)
	if in.Batch < 0 || in.Batch > maxBatch {
		p.addf("input.batch is %d, want 1 to %d, or none for any", in.Batch, maxBatch)
	} else if in.Size <= maxInputSize && in.TooLarge() {
		p.addf("input.batch is %d images of %d pixels a side, want at most %d pixels in all", in.Batch, in.Size, maxRunPixels)
	}
	if in.Type == foreign.Uint8 && (in.Scale != 1 || in.Mean != [3]float64{} || in.Std != [3]float64{1, 1, 1}) {
		p.addf("input.type is uint8, which takes pixels as they are: want scale 1, mean 0 and std 1")
	}
}

func (o Output) validate(p *problems, rows int) {
	named(p, "output.name", o.Name)
	oneOf(p, "output.layout", o.Layout, foreign.Layouts...)
	if o.SkipRows < 0 || o.SkipRows > maxRows {
		p.addf("output.skip_rows is %d, want 0 to %d", o.SkipRows, maxRows)
	}
	if o.Layout == foreign.ND && (rows != 1 || o.SkipRows != 0) {
		p.addf("output.layout is %q, which has 1 row and none to skip, but rows is %d and skip_rows %d", o.Layout, rows, o.SkipRows)
	}
}

// named wants a name of moderate length.
func named(p *problems, field, value string) {
	if value == "" {
		p.addf("%s is missing", field)
	}
	printable(p, field, value)
}

func printable(p *problems, field, value string) {
	if len(value) > maxNameBytes || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		p.addf("%s is %.40q, want up to %d printable characters", field, value, maxNameBytes)
	}
}
