package encoder

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
	"github.com/sdl-batch/sdl-batch/model/ort"
)

// questions gathers what only people can tell.
type questions []error

func (q *questions) ask(format string, args ...any) { *q = append(*q, fmt.Errorf(format, args...)) }

func (q questions) err() error {
	if len(q) == 0 {
		return nil
	}
	return fmt.Errorf("%w or missing:\n%w", model.ErrInvalid, errors.Join(q...))
}

// ports fills in the input and the name of the output: what the graph declares,
// and what the options say where it leaves a thing open. A contradiction is told.
func (o Options) ports(file ort.Model, e *model.Encoder) error {
	var q questions
	if out := choose(file.Outputs, o.OutputName, "output", &q); out != nil {
		e.Output.Name = out.Name
		if whole(out.Type) {
			q.ask("the output %q gives %s, which are counts or indices, want an output of floating-point embeddings", out.Name, out.Type)
		}
	}
	o.counts(&q)
	if named := o.Rows.Layout; named != "" && !slices.Contains(foreign.Layouts, named) {
		q.ask("--output-layout %q: want %s", named, strings.Join(foreign.Layouts, " or "))
	}
	if in := o.chooseInput(file, &q); in != nil {
		e.Input = model.Input{Name: in.Name, EXIF: o.EXIF, Type: elementType(*in, &q)}
		if e.Input.EXIF == "" {
			e.Input.EXIF = model.EXIFApply
		}
		o.shape(*in, &e.Input, &q)
		o.pixels(&e.Input, &q)
	}
	return q.err()
}

// counts refuses numbers that nothing has.
func (o Options) counts(q *questions) {
	for _, c := range []struct {
		flag  string
		value int
	}{{"size", o.Size}, {"dim", o.Rows.Dim}, {"skip-rows", o.Rows.Skip}, {"threads", o.Threads}} {
		if c.value < 0 {
			q.ask("--%s %d: want a number that is not negative", c.flag, c.value)
		}
	}
}

// chooseInput takes the named input, else the only one that may hold images.
func (o Options) chooseInput(file ort.Model, q *questions) *ort.Port {
	ports := file.Inputs
	if o.InputName == "" && len(ports) > 1 {
		ports = slices.DeleteFunc(slices.Clone(ports), func(p ort.Port) bool { return len(p.Dims) != 4 })
		if len(ports) == 0 {
			ports = file.Inputs
		}
	}
	return choose(ports, o.InputName, "input", q)
}

// choose takes the named port, or the only one.
func choose(ports []ort.Port, name, what string, q *questions) *ort.Port {
	for i := range ports {
		if ports[i].Name == name || name == "" && len(ports) == 1 {
			return &ports[i]
		}
	}
	if name != "" {
		q.ask("the graph has no %s %q; it has %s", what, name, list(ports))
	} else {
		q.ask("the graph has several %ss, name one with --%s-name: %s", what, what, list(ports))
	}
	return nil
}

func list(ports []ort.Port) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = fmt.Sprintf("%s (%s %v)", p.Name, p.Type, p.Dims)
	}
	return strings.Join(words, ", ")
}

// elementTypes are a description's, by the runtime's names.
var elementTypes = map[string]string{"uint8": foreign.Uint8, "float": foreign.Float32, "float16": foreign.Float16}

func elementType(in ort.Port, q *questions) string {
	t, ok := elementTypes[in.Type]
	if !ok {
		q.ask("the input %q takes %s, want uint8, float32 or float16", in.Name, in.Type)
	}
	return t
}

// whole tells the types that no embedding has. Those of 8 bits hold quantised ones.
func whole(elementType string) bool {
	return slices.Contains([]string{"int16", "uint16", "int32", "uint32", "int64", "uint64", "bool", "string"}, elementType)
}

// shape reads batch, layout and size.
func (o Options) shape(in ort.Port, to *model.Input, q *questions) {
	if o.Layout != "" && o.Layout != foreign.NCHW && o.Layout != foreign.NHWC {
		q.ask("--layout %q: want %s or %s", o.Layout, foreign.NCHW, foreign.NHWC)
		return
	}
	dims := in.Dims
	if dims == nil {
		dims = make([]ort.Dim, 4)
	}
	if len(dims) != 4 {
		q.ask("the input %q is %v, want four axes: images, and height, width and colours", in.Name, in.Dims)
		return
	}
	to.Batch = dims[0].Size
	to.Layout = o.inputLayout(in, dims, q)
	height, width := dims[2], dims[2] // a side in either layout
	switch to.Layout {
	case foreign.NCHW:
		width = dims[3]
	case foreign.NHWC:
		height = dims[1]
	}
	to.Size = o.side(in, height.Size, width.Size, q)
	if to.TooLarge() {
		q.ask("the input %q is %v: a run of %d with %d pixels a side is more than can be held", in.Name, in.Dims, max(1, to.Batch), to.Size)
	}
}

// inputLayout finds the axis of the three colours.
func (o Options) inputLayout(in ort.Port, dims []ort.Dim, q *questions) string {
	first, last := likely(dims[1]), likely(dims[3])
	layout := o.Layout
	switch {
	case first == 0 && last == 0:
		q.ask("the input %q is %v, which has no axis of three colours", in.Name, in.Dims)
	case layout == "" && first == last:
		q.ask("the input %q is %v: tell with --layout whether colours come first (nchw, as PyTorch has it) or last (nhwc)", in.Name, in.Dims)
	case layout == "" && first > last:
		layout = foreign.NCHW
	case layout == "":
		layout = foreign.NHWC
	case layout == foreign.NCHW && first == 0, layout == foreign.NHWC && last == 0:
		q.ask("the input %q is %v, but --layout says %s", in.Name, in.Dims, layout)
	}
	return layout
}

// likely says how likely an axis is that of the three colours.
func likely(d ort.Dim) int {
	switch d.Size {
	case 3:
		return 2
	case 0:
		return 1
	}
	return 0
}

func (o Options) side(in ort.Port, height, width int, q *questions) int {
	known := max(height, width)
	switch {
	case height > 0 && width > 0 && height != width:
		q.ask("the input %q is %v: images that are not square are not supported", in.Name, in.Dims)
	case known > 0 && o.Size > 0 && o.Size != known:
		q.ask("the input %q is %v, but --size says %d", in.Name, in.Dims, o.Size)
	case known == 0 && o.Size == 0:
		q.ask("the input %q is %v: tell the side of its images in pixels with --size", in.Name, in.Dims)
	case known == 0:
		return o.Size
	}
	return known
}
