package scenes

// hypernym names what its members share.
type hypernym struct {
	name    string
	at      int // the block of its vector
	values  []float64
	members []string
}

var hypernyms = []hypernym{
	{"warm", hueAt, hueVector(18)[:2], []string{"rose", "red", "orange", "amber", "yellow"}},
	{"cool", hueAt, hueVector(216)[:2], []string{"teal", "azure", "cobalt", "blue", "indigo"}},
	{"round", shapeAt, []float64{1, -0.2, 0.1, 0, 0}, []string{"circle", "ellipse", "ring", "crescent", "heart", "hexagon"}},
	{"pointed", shapeAt, []float64{0.1, 0, 1, 0, 0}, []string{"diamond", "triangle", "wedge", "gable", "star", "crescent", "heart"}},
	{"long", shapeAt, []float64{3: 1}, []string{"ellipse", "rectangle", "wedge", "crescent"}},
	{"hollow", shapeAt, []float64{4: 1}, []string{"ring", "frame", "gable"}},
	{"striped", textureAt, values(madeOf(-30)), []string{
		"horizontal", "gentle", "rising", "steep", "vertical", "plunging", "falling", "sinking"}},
	{"crossed", textureAt, values(madeOf(45)), []string{"grid", "lattice", "bricked"}},
	{"spotted", textureAt, values(madeOf(125)), []string{"checked", "harlequin"}},
	{"upright", textureAt, values(upright), []string{"horizontal", "vertical", "grid", "checked"}},
	{"slanted", textureAt, values(slanted), []string{"rising", "falling", "lattice", "harlequin"}},
}

func values(print [5]float64) []float64 { return print[:] }
