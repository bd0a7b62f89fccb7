package main

import (
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/model"
)

// scoreWords tells how a tag's score follows from the rows.
func scoreWords(b model.Inspection) string {
	words := fmt.Sprintf("a tag's score is the %s over the rows", b.RowReduction.Kind)
	switch {
	case b.Rows == 1:
		words = "a tag's score is its product with the row"
	case b.RowReduction.Kind == model.ReduceTopKMean:
		words = fmt.Sprintf("a tag's score is the mean over the best %d rows", b.RowReduction.K)
	}
	switch n := b.Normalise; {
	case n.Rows && n.Labels:
		words += ", of unit length as are the labels"
	case n.Rows:
		words += ", of unit length"
	case n.Labels:
		words += ", with labels of unit length"
	}
	if b.LogitScale != 1 {
		words += fmt.Sprintf(", times %g", b.LogitScale)
	}
	return words
}

// inputWords tells how an image becomes pixels.
func inputWords(in model.Input) string {
	words := fmt.Sprintf("%d x %d pixels, %s, EXIF orientation: %s", in.Size, in.Size, in.Filter, in.EXIF)
	if in.ShortSide > 0 {
		words += fmt.Sprintf("; the middle of an image whose shorter side has %d", in.ShortSide)
	}
	return words
}

// encoderWords tells what an encoder of another origin takes and gives.
func encoderWords(in model.Input, out model.Output) string {
	words := fmt.Sprintf("%s, %s %s", in.Name, in.Type, in.Layout)
	if in.Type != "uint8" {
		words += fmt.Sprintf(" of (pixel x %.6g - %s) / %s", in.Scale, triple(in.Mean), triple(in.Std))
	}
	if in.Batch > 0 {
		words += fmt.Sprintf(", %d a run", in.Batch)
	}
	words += fmt.Sprintf(" -> %s, %s", out.Name, out.Layout)
	if out.SkipRows > 0 {
		words += fmt.Sprintf(" without the first %d", out.SkipRows)
	}
	return words
}

// triple is a value for each colour, or the one that all have.
func triple(v [3]float64) string {
	if v[0] == v[1] && v[1] == v[2] {
		return fmt.Sprintf("%.6g", v[0])
	}
	return "(" + strings.Join([]string{fmt.Sprintf("%.6g", v[0]), fmt.Sprintf("%.6g", v[1]), fmt.Sprintf("%.6g", v[2])}, ", ") + ")"
}
