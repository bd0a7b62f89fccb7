package foreign

// Spec says what a foreign graph takes and gives.
type Spec struct {
	Input  Input
	Output Output
}

// Input is the graph's input of images. What it gets is
// (pixel·Scale − Mean) / Std, by channel.
type Input struct {
	Name   string
	Type   string // Uint8, which takes pixels as they are, Float32 or Float16
	Layout string // NHWC or NCHW
	Size   int    // S, side of the square in pixels
	Batch  int    // images that every run takes; 0: any number
	Scale  float64
	Mean   [3]float64
	Std    [3]float64
}

// Output is the graph's output of embeddings.
type Output struct {
	Name   string
	Layout string // one of Layouts; axes other than the first may be joined to one
	Skip   int    // leading rows that are dropped, such as a class token
	Rows   int    // K, without the skipped ones
	Dim    int    // D
}

// Element types of an input.
const (
	Uint8   = "uint8"
	Float32 = "float32"
	Float16 = "float16"
)

// Layouts of an input.
const (
	NHWC = "nhwc"
	NCHW = "nchw"
)

// Layouts of an output: how images (n), rows (k), or rows as a map of height and
// width (h, w), and the dimension (d) follow one another.
const (
	ND   = "nd" // one row
	NKD  = "nkd"
	NDK  = "ndk"
	NDHW = "ndhw"
	NHWD = "nhwd"
)

// Layouts lists the layouts of an output.
var Layouts = []string{ND, NKD, NDK, NDHW, NHWD}
