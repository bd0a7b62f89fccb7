package model

import (
	"fmt"
	"time"
)

// Inspection sums a bundle up for people.
type Inspection struct {
	ID           string    `json:"id"`
	Location     string    `json:"location"`
	Pointer      *Pointer  `json:"pointer,omitempty"` // that named it
	Architecture string    `json:"architecture"`      // "TResNet-M", or layers and width, or an encoder's name
	Parameters   int64     `json:"parameters"`
	Rows         int       `json:"rows"` // K
	Dim          int       `json:"dim"`  // D
	Input        Input     `json:"input"`
	Output       *Output   `json:"output,omitempty"`
	RowReduction Reduction `json:"row_reduction"`
	Normalise    Normalise `json:"normalise"`
	LogitScale   float64   `json:"logit_scale"`
	LabelSpace   string    `json:"label_space"` // its name, dimension and number of anchor tags
	Files        []File    `json:"files"`
	Lineage      Lineage   `json:"lineage"`
	CreatedAt    time.Time `json:"created_at"`
	Program      string    `json:"program"`
}

// Inspect sums the description up. It reads no file; Verify does.
func (b *Bundle) Inspect() Inspection {
	d := &b.Description
	return Inspection{
		ID: b.ID(), Location: b.Location(), Pointer: b.Pointer,
		Architecture: d.Architecture.String(), Parameters: d.Architecture.Parameters,
		Rows: d.Rows, Dim: d.Dim, Input: d.Input, Output: d.Output,
		RowReduction: d.RowReduction, Normalise: d.Normalise, LogitScale: d.LogitScale,
		LabelSpace: d.LabelSpace.String(), Files: d.Files.all(), Lineage: d.Lineage,
		CreatedAt: d.CreatedAt, Program: d.Program,
	}
}

// String names the architecture as the literature does, an encoder as its
// description does.
func (a Architecture) String() string {
	switch {
	case len(a.Layers) == 4:
		return tresnetOf(a).Name()
	case a.Name != "":
		return a.Name
	}
	return a.Kind + " encoder"
}

// String tells the space's name, dimension and number of anchors; nil is a
// bundle's that records none.
func (s *LabelSpace) String() string {
	if s == nil {
		return "none recorded"
	}
	name := "unnamed"
	if s.Name != "" {
		name = s.Name
	}
	return fmt.Sprintf("%s, dimension %d, %d anchor tags", name, s.Dim, len(s.Anchors))
}
