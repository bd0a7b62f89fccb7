package encoder

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
)

// findRows fills in the layout of the output, K and D.
func (t *trial) findRows(ctx context.Context, o Options, e *model.Encoder) error {
	shape, err := t.outputShape(ctx, e)
	if err != nil {
		return err
	}
	var q questions
	e.Output.SkipRows = o.Rows.Skip
	e.Output.Layout = o.outputLayout(e.Output.Name, shape, &q)
	if q == nil {
		o.split(shape, e, &q)
	}
	return q.err()
}

// dim is the dimension that options or vocabulary name, or 0.
func (o Options) dim() int {
	if o.Rows.Dim == 0 && o.Vocabulary != nil {
		return o.Vocabulary.Dim
	}
	return o.Rows.Dim
}

// layoutsOf lists by the number of axes which layouts an output may have, and the
// axis where each has the dimension.
var layoutsOf = map[int]map[string]int{
	2: {foreign.ND: 1},
	3: {foreign.NKD: 2, foreign.NDK: 1},
	4: {foreign.NHWD: 3, foreign.NDHW: 1},
}

// outputLayout takes the layout that is named, else the only one whose dimension
// is as expected.
func (o Options) outputLayout(name string, shape []int, q *questions) string {
	possible := layoutsOf[len(shape)]
	if possible == nil || slices.Min(shape) == 0 {
		q.ask("the output %q is %v, want two to four axes that are not empty: images, rows and dimension", name, shape)
		return ""
	}
	if o.Rows.Layout != "" {
		return o.Rows.Layout
	}
	if len(shape) == 2 {
		return foreign.ND
	}
	var fitting []string
	for layout, axis := range possible {
		if shape[axis] == o.dim() {
			fitting = append(fitting, layout)
		}
	}
	if len(fitting) == 1 {
		return fitting[0]
	}
	last, first := len(shape)-1, 1
	q.ask("the output %q is %v: tell with --output-layout whether its dimension is %d (%s) or %d (%s), or give --dim or --vocab",
		name, shape, shape[last], layoutAt(possible, last), shape[first], layoutAt(possible, first))
	return ""
}

func layoutAt(possible map[string]int, axis int) string {
	for layout, at := range possible {
		if at == axis {
			return layout
		}
	}
	return ""
}

// split finds K and D. An output of two axes may hold rows and dimension as one
// axis; the dimension then says how many rows there are.
func (o Options) split(shape []int, e *model.Encoder, q *questions) {
	layout, values := e.Output.Layout, 1
	for _, n := range shape[1:] {
		values *= n
	}
	axis, known := layoutsOf[len(shape)][layout]
	switch {
	case known:
		e.Dim = shape[axis]
	case len(shape) == 2 && o.dim() > 0 && values%o.dim() == 0:
		e.Dim = o.dim()
	case len(shape) == 2:
		q.ask("the output %q is %v: as %s it holds rows of a dimension that divides %d; tell which with --dim", e.Output.Name, shape, layout, values)
		return
	default:
		q.ask("the output %q is %v, which cannot be %s", e.Output.Name, shape, layout)
		return
	}
	if e.Rows = values/e.Dim - e.Output.SkipRows; e.Rows < 1 {
		q.ask("the output %q is %v: without %d rows nothing is left", e.Output.Name, shape, e.Output.SkipRows)
	}
	if o.Rows.Dim > 0 && o.Rows.Dim != e.Dim {
		q.ask("the output %q is %v: as %s its dimension is %d, but --dim says %d", e.Output.Name, shape, layout, e.Dim, o.Rows.Dim)
	}
}

// advice tells what an experienced user would ask about.
func advice(d *model.Description) (notes []string) {
	if d.Input.Batch == 1 {
		notes = append(notes, "one image a run is slow on accelerators: export the encoder with a free batch axis")
	}
	if d.Output.SkipRows == 0 && !square(d.Rows) && square(d.Rows-1) && d.Rows > 2 {
		side := int(math.Sqrt(float64(d.Rows - 1)))
		notes = append(notes, fmt.Sprintf("%d rows are %d x %d patches and one more: if that is a class token, --skip-rows 1 leaves it out", d.Rows, side, side))
	}
	if d.Rows > 1 && d.RowReduction.Kind == model.ReduceMax {
		notes = append(notes, fmt.Sprintf("a tag's score is the best of %d rows; --reduction topk-mean:N takes the mean of the best N", d.Rows))
	}
	return notes
}

func square(n int) bool {
	side := int(math.Round(math.Sqrt(float64(n))))
	return side*side == n
}
