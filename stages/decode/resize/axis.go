package resize

import "math"

// axis maps in samples to out, of which those from first on are kept.
type axis struct{ in, out, first int }

// axes are those of an image of width x height pixels. Where the shape stays, the
// longer side is rounded down and the cut begins at the rounded half of what is
// over, halves going to the even number, as torchvision's Resize and CenterCrop
// do on Pillow images.
func (r *Resizer) axes(width, height int) (across, down axis) {
	w, h := r.size, r.size
	if r.shortSide > 0 {
		w, h = r.shortSide, r.shortSide
		if width <= height {
			h = scaled(height, r.shortSide, width)
		} else {
			w = scaled(width, r.shortSide, height)
		}
	}
	return axis{width, w, r.margin(w)}, axis{height, h, r.margin(h)}
}

// scaled is n·by/of, rounded down as Python's int(n·by / of) does.
func scaled(n, by, of int) int { return int(float64(n*by) / float64(of)) }

func (r *Resizer) margin(out int) int {
	return int(math.RoundToEven(float64(out-r.size) / 2))
}
