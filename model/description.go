package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// FormatVersion is the version of model.json that this program writes; it reads
// no other.
const FormatVersion = 1

// Description is the content of model.json.
type Description struct {
	FormatVersion int          `json:"format_version"`
	Architecture  Architecture `json:"architecture"`
	Rows          int          `json:"rows"` // K, rows of the embedding matrix
	Dim           int          `json:"dim"`  // D, values in a row
	Input         Input        `json:"input"`
	Output        *Output      `json:"output,omitempty"` // of an encoder of KindONNX, else nil
	RowReduction  Reduction    `json:"row_reduction"`
	Normalise     Normalise    `json:"normalise"`
	LogitScale    float64      `json:"logit_scale"`           // factor on every score
	LabelSpace    *LabelSpace  `json:"label_space,omitempty"` // nil: none known yet
	Files         Files        `json:"files"`
	Lineage       Lineage      `json:"lineage"`
	CreatedAt     time.Time    `json:"created_at,omitzero"`
	Program       string       `json:"program,omitempty"` // name and version of the writer
}

// Architecture says which network the bundle holds. Layers and Width are those
// of a TResNet.
type Architecture struct {
	Kind       string  `json:"kind"`             // KindTResNet or KindONNX
	Name       string  `json:"name,omitempty"`   // of an encoder of KindONNX, for people
	Layers     []int   `json:"layers,omitempty"` // blocks in each of the four stages
	Width      float64 `json:"width,omitempty"`  // factor on the planes of every stage
	Parameters int64   `json:"parameters"`       // trainable values; norm statistics not counted
}

// Values of Architecture.Kind.
const (
	KindTResNet = "tresnet" // the network that this program builds and trains
	KindONNX    = "onnx"    // an encoder of another origin; its file stays as it was
)

// Input says how an image becomes the pixels that the graph takes. A TResNet's
// graph itself computes (pixel·scale − mean) / std; before an encoder of KindONNX
// it is computed for it.
type Input struct {
	Name      string     `json:"name,omitempty"`       // in a graph of KindONNX
	Size      int        `json:"size"`                 // S, side of the square in pixels
	ShortSide int        `json:"short_side,omitempty"` // 0: stretched to the square; else pixels of the shorter side before the middle is cut out
	Type      string     `json:"type"`                 // "uint8"; of KindONNX also "float32" or "float16"
	Layout    string     `json:"layout"`               // "nhwc": [n,S,S,3], RGB; of KindONNX also "nchw"
	Batch     int        `json:"batch,omitempty"`      // images that a graph of KindONNX takes a run; 0: any number
	Filter    string     `json:"filter"`               // FilterBicubic or FilterBilinear, antialiased as Pillow's
	Scale     float64    `json:"scale"`
	Mean      [3]float64 `json:"mean"`
	Std       [3]float64 `json:"std"`
	EXIF      string     `json:"exif"` // EXIFApply or EXIFIgnore
}

// Output says where an encoder of KindONNX gives the K rows of dimension D.
type Output struct {
	Name     string `json:"name"`
	Layout   string `json:"layout"`              // one of foreign.Layouts
	SkipRows int    `json:"skip_rows,omitempty"` // leading rows that are dropped, such as a class token
}

// Values of Input.Filter and Input.EXIF.
const (
	FilterBicubic  = "bicubic"
	FilterBilinear = "bilinear"
	EXIFApply      = "apply"  // turn the image as its EXIF orientation says
	EXIFIgnore     = "ignore" // as the reference does
)

// Reduction says how the K scores of a tag become one.
type Reduction struct {
	Kind string `json:"kind"`        // ReduceMax, ReduceMean or ReduceTopKMean
	K    int    `json:"k,omitempty"` // rows that ReduceTopKMean averages
}

// Values of Reduction.Kind.
const (
	ReduceMax      = "max"
	ReduceMean     = "mean"
	ReduceTopKMean = "topk_mean"
)

// Normalise says which side is scaled to unit length before the dot product.
type Normalise struct {
	Rows   bool `json:"rows"`
	Labels bool `json:"labels"`
}

// Files names the bundle's files.
type Files struct {
	Embed     File `json:"embed"`
	Weights   File `json:"weights,omitzero"`
	EmbedInt8 File `json:"embed_int8,omitzero"`
}

// File is one file in the bundle's folder.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
}

// Lineage tells where the parameters come from.
type Lineage struct {
	Trained    bool               `json:"trained"`              // false: at least the head is seeded noise
	Parent     string             `json:"parent,omitempty"`     // ID of the bundle that training began from
	Labels     string             `json:"labels,omitempty"`     // digest of the labels trained on
	Checkpoint string             `json:"checkpoint,omitempty"` // digest of the imported checkpoint
	Seed       *int64             `json:"seed,omitempty"`
	Settings   map[string]string  `json:"settings,omitempty"`
	Metrics    map[string]float64 `json:"metrics,omitempty"`
}

// ID is the digest, "sha256:…", of everything that decides what the model
// computes and which vocabularies it takes. Lineage, time and program are left
// out, so that importing one checkpoint twice gives one id.
func (d *Description) ID() string {
	content := *d
	content.Lineage, content.CreatedAt, content.Program = Lineage{}, time.Time{}, ""
	text, err := json.Marshal(content)
	if err != nil {
		panic("model: a validated description does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func fileOf(name string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}

// all returns the files that are present.
func (f Files) all() []File {
	files := []File{f.Embed}
	for _, optional := range []File{f.Weights, f.EmbedInt8} {
		if optional != (File{}) {
			files = append(files, optional)
		}
	}
	return files
}
