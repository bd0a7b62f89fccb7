package model

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
)

const (
	maxRows      = 1 << 12
	maxInputSize = 1 << 12
	maxFileBytes = 2<<30 - 1 // of a protobuf message, which embed.onnx is
	maxNameBytes = 128
)

// Validate reports every problem at once as ErrInvalid.
func (d *Description) Validate() error {
	var p problems
	if d.FormatVersion != FormatVersion {
		p.addf("format_version is %d, this program reads %d", d.FormatVersion, FormatVersion)
	}
	d.Architecture.validate(&p)
	inRange(&p, "rows", d.Rows, maxRows)
	inRange(&p, "dim", d.Dim, maxDim)
	d.Input.validate(&p)
	d.validateKind(&p)
	d.RowReduction.validate(&p, d.Rows)
	if !positive(d.LogitScale) {
		p.addf("logit_scale is %v, want a positive number", d.LogitScale)
	}
	if d.LabelSpace != nil {
		d.LabelSpace.validate(&p, d.Dim)
	}
	d.Files.validate(&p)
	d.Lineage.validate(&p)
	return p.err("bundle description")
}

// validate checks what every kind has; the rest is validateKind's.
func (a Architecture) validate(p *problems) {
	oneOf(p, "architecture.kind", a.Kind, KindTResNet, KindONNX)
	if a.Parameters < 0 {
		p.addf("architecture.parameters is %d", a.Parameters)
	}
}

func (in Input) validate(p *problems) {
	inRange(p, "input.size", in.Size, maxInputSize)
	if in.ShortSide != 0 && (in.ShortSide < in.Size || in.ShortSide > maxInputSize) {
		p.addf("input.short_side is %d, want size (%d) to %d, or none to stretch", in.ShortSide, in.Size, maxInputSize)
	}
	oneOf(p, "input.filter", in.Filter, FilterBicubic, FilterBilinear)
	oneOf(p, "input.exif", in.EXIF, EXIFApply, EXIFIgnore)
	if !positive(in.Scale) {
		p.addf("input.scale is %v, want a positive number", in.Scale)
	}
	for c := range in.Mean {
		if math.IsNaN(in.Mean[c]) || math.IsInf(in.Mean[c], 0) || !positive(in.Std[c]) {
			p.addf("input.mean[%d] and std[%d] are %v and %v, want finite numbers and std above 0", c, c, in.Mean[c], in.Std[c])
		}
	}
}

func (r Reduction) validate(p *problems, rows int) {
	oneOf(p, "row_reduction.kind", r.Kind, ReduceMax, ReduceMean, ReduceTopKMean)
	switch {
	case r.Kind == ReduceTopKMean && (r.K < 1 || r.K > rows):
		p.addf("row_reduction.k is %d, want 1 to rows (%d)", r.K, rows)
	case r.Kind != ReduceTopKMean && r.K != 0:
		p.addf("row_reduction.k is %d, but %q takes none", r.K, r.Kind)
	}
}

func (f Files) validate(p *problems) {
	names := map[string]bool{descriptionName: true}
	for _, file := range f.all() {
		if !safeName(file.Name) {
			p.addf("file name %q is not a plain name inside the bundle", file.Name)
		} else if names[file.Name] {
			p.addf("file name %q is used twice", file.Name)
		}
		names[file.Name] = true
		if file.Bytes < 1 || file.Bytes > maxFileBytes {
			p.addf("file %q has %d bytes, want 1 to %d", file.Name, file.Bytes, int64(maxFileBytes))
		}
		if raw, err := hex.DecodeString(file.SHA256); err != nil || len(raw) != 32 || strings.ToLower(file.SHA256) != file.SHA256 {
			p.addf("file %q: sha256 is not 64 lower-case hexadecimal digits", file.Name)
		}
	}
}

func (l Lineage) validate(p *problems) {
	for name, value := range l.Metrics {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			p.addf("lineage.metrics[%q] is %v", name, value)
		}
	}
}

// safeName accepts names that stay inside the folder on every store and
// system: letters, digits, '.', '_' and '-', no leading dot.
func safeName(name string) bool {
	if name == "" || len(name) > maxNameBytes || name[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	})
}

func oneOf(p *problems, field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.addf("%s is %q, want %s", field, value, strings.Join(allowed, " or "))
	}
}

func inRange(p *problems, field string, value, limit int) {
	if value < 1 || value > limit {
		p.addf("%s is %d, want 1 to %d", field, value, limit)
	}
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
