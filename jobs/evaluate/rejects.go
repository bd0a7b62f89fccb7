package evaluate

import (
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/training/images"
)

// Rejects are the images that could not be scored.
type Rejects struct {
	Count int64            `json:"count"`
	Codes map[string]int64 `json:"codes"` // by "stage/code"
	First []Reject         `json:"first"` // some, by row
}

// Reject is one of them.
type Reject struct {
	Row     int64  `json:"row"` // of the labels
	URI     string `json:"uri"` // without secrets
	Code    string `json:"code"`
	Message string `json:"message"`
}

const maxNamed = 20

func newRejects() Rejects { return Rejects{Codes: map[string]int64{}, First: []Reject{}} }

func (r *Rejects) add(i images.Rejected) {
	code := i.Stage + "/" + i.Code
	r.Count++
	r.Codes[code]++
	if len(r.First) < maxNamed {
		r.First = append(r.First, Reject{Row: i.Row.Number, URI: storage.Redact(i.Row.URI), Code: code, Message: i.Message})
	}
}
