package encoder

import (
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/model"
)

// Options of an import. Graph and Output are required; zero values are read from
// the graph, found by trying or taken from the preset.
type Options struct {
	Graph  string // URI of the ONNX file
	Output string // URI of the bundle's folder
	Name   string // of the encoder, for people

	Preset string // one of Presets; "" none
	Pixels        // what is given here goes before the preset

	InputName  string
	Layout     string // of the input, nhwc or nchw
	Size       int    // S
	EXIF       string
	OutputName string
	Rows       OutputRows
	Scoring

	Vocabulary *model.Vocabulary // gives the bundle its label space, and the dimension
	Force      bool              // replace another bundle in the folder
	Program    string
	engine.Compute
}

// Pixels say how an image becomes the encoder's input.
type Pixels struct {
	Filter    string      // "": bicubic
	ShortSide *int        // 0: stretched
	Scale     *float64    // nil: 1/255, or 1 for an encoder of uint8
	Mean, Std *[3]float64 // nil where the preset tells
}

// OutputRows say where the rows are.
type OutputRows struct {
	Layout string // one of foreign.Layouts
	Skip   int    // leading rows that are dropped
	Dim    int    // D, where the layout is to be found by it
}

// Scoring says how rows and labels give scores.
type Scoring struct {
	Reduction  *model.Reduction // nil: max
	Normalise  *model.Normalise // nil: neither side
	LogitScale *float64         // nil: 1
}
