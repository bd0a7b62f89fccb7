package scenes

// shape names an outline and says how round, square, pointed, long and hollow
// it is. One that is some kind of another shape has that one's tag, too.
type shape struct {
	name    string
	form    [5]float64
	outline outline
	kindOf  string // "" for none
	seen    bool
}

var shapes = []shape{
	{"circle", [5]float64{1, -0.2, -0.2, -0.2, -0.2}, circle, "", true},
	{"ellipse", [5]float64{1, -0.3, -0.3, 1, -0.4}, ellipse, "circle", true},
	{"ring", [5]float64{1, -0.3, -0.3, -0.4, 1}, ring, "circle", true},
	{"square", [5]float64{-0.2, 1, -0.2, -0.2, -0.2}, square, "", true},
	{"rectangle", [5]float64{-0.3, 1, -0.3, 1, -0.4}, rectangle, "square", false},
	{"frame", [5]float64{-0.3, 1, -0.3, -0.4, 1}, frame, "square", false},
	{"triangle", [5]float64{-0.2, -0.2, 1, -0.2, -0.2}, triangle, "", true},
	{"wedge", [5]float64{-0.3, -0.3, 1, 1, -0.4}, wedge, "triangle", false},
	{"gable", [5]float64{-0.3, -0.3, 1, -0.4, 1}, gable, "triangle", true},
	{"hexagon", [5]float64{1, 1, 0, -0.4, -0.4}, hexagon, "", true},
	{"diamond", [5]float64{0, 1, 1, -0.4, -0.4}, diamond, "", true},
	{"star", [5]float64{-0.7, -0.7, 1, -0.4, -0.4}, star, "", true},
	{"cross", [5]float64{-0.7, 1, -0.7, -0.4, -0.4}, cross, "", true},
	{"crescent", [5]float64{1, -0.7, 0.4, 0.6, 0}, crescent, "", true},
	{"heart", [5]float64{1, 0, 1, -0.4, -0.4}, heart, "", true},
}
