package encoder

import (
	"strings"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/model/foreign"
)

// pixels says how pixels are scaled and images resized.
func (o Options) pixels(to *model.Input, q *questions) {
	known, ok := presets[o.Preset]
	if o.Preset != "" && !ok {
		q.ask("--preset %q: want %s", o.Preset, strings.Join(Presets(), " or "))
	}
	to.Filter = model.FilterBicubic
	if ok {
		to.Filter, to.ShortSide = known.filter, known.shortSide(to.Size)
	}
	if o.Filter != "" {
		to.Filter = o.Filter
	}
	to.ShortSide = or(o.ShortSide, to.ShortSide)
	if to.Type == foreign.Uint8 {
		o.asTheyAre(to, q)
		return
	}
	if o.Preset == "" && (o.Mean == nil || o.Std == nil) {
		q.ask("no graph tells how its pixels are scaled: give --preset %s, or --mean and --std", strings.Join(Presets(), "|"))
	}
	to.Scale = or(o.Scale, 1.0/255)
	to.Mean, to.Std = or(o.Mean, known.mean), or(o.Std, known.std)
}

// asTheyAre is for a graph that scales its bytes itself.
func (o Options) asTheyAre(to *model.Input, q *questions) {
	if o.Scale != nil || o.Mean != nil || o.Std != nil {
		q.ask("the input %q takes uint8, which the graph scales itself: --scale, --mean and --std have no place", to.Name)
	}
	to.Scale, to.Std = 1, [3]float64{1, 1, 1}
}
