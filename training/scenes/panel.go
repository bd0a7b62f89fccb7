package scenes

import (
	"image"
	"math/rand/v2"
	"slices"
)

// panel is a part of the picture: a cloth and one object on it.
type panel struct {
	place image.Rectangle
	cloth
	object
}

// compose cuts the picture into panels and fills them.
func compose(rng *rand.Rand) []panel {
	places := []image.Rectangle{image.Rect(0, 0, Side, Side)}
	for n := panelCount(rng); len(places) < n; {
		last := len(places) - 1
		a, b := halves(rng, places[last])
		places = append(places[:last], a, b)
	}
	panels := make([]panel, len(places))
	for i, place := range places {
		panels[i] = panel{place, randomCloth(rng, place), randomObject(rng, place)}
	}
	return panels
}

// panelCount draws how many panels a scene has: one or two more often than three.
func panelCount(rng *rand.Rand) int { return []int{1, 1, 1, 2, 2, 2, 3}[rng.IntN(7)] }

// halves cuts a rectangle across its longer side, near the middle.
func halves(rng *rand.Rand, r image.Rectangle) (a, b image.Rectangle) {
	a, b = r, r
	share := between(rng, 0.47, 0.53)
	if r.Dx() > r.Dy() || r.Dx() == r.Dy() && rng.IntN(2) == 0 {
		a.Max.X = r.Min.X + int(share*float64(r.Dx()))
		b.Min.X = a.Max.X
	} else {
		a.Max.Y = r.Min.Y + int(share*float64(r.Dy()))
		b.Min.Y = a.Max.Y
	}
	if rng.IntN(2) == 0 {
		return b, a
	}
	return a, b
}

// tags adds the names that are true of the panel, and their hypernyms.
func (p panel) tags(into map[string]bool) {
	for _, name := range append(p.object.names(), p.cloth.names()...) {
		into[name] = true
		for _, h := range hypernyms {
			if slices.Contains(h.members, name) {
				into[h.name] = true
			}
		}
	}
}
