package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model/wordvectors"
)

// builder gives tags their vectors.
type builder struct {
	options VocabularyOptions
	tags    []string // in the order of their bytes
	seen    map[string]bool
	found   *wordvectors.Found
	taken   map[string]string // tags by the words whose vectors they have
	report  VocabularyReport
}

func newBuilder(seen, unseen []listedTag, o VocabularyOptions) *builder {
	b := &builder{options: o, seen: map[string]bool{}, taken: map[string]string{}}
	for _, l := range seen {
		b.tags, b.seen[l.tag] = append(b.tags, l.tag), true
	}
	for _, l := range unseen {
		b.tags = append(b.tags, l.tag)
	}
	slices.Sort(b.tags)
	return b
}

// wanted are the spellings of all tags and, where their mean may be wanted, of
// their words.
func (b *builder) wanted() wordvectors.Wanted {
	w := wordvectors.Wanted{Words: map[string]bool{}, Folded: map[string]bool{}}
	add := func(phrase string) {
		w.Folded[wordvectors.Fold(phrase)] = true
		for _, s := range wordvectors.Spellings(phrase) {
			w.Words[s] = true
		}
	}
	for _, tag := range b.tags {
		add(tag)
		if b.options.OOV == OOVMean {
			for _, word := range wordvectors.Words(tag) {
				add(word)
			}
		}
	}
	return w
}

// build makes the vocabulary of what was found in file.
func (b *builder) build(file string) (*Vocabulary, VocabularyReport, error) {
	b.report.Words, b.report.Unreadable, b.report.Repeated = b.found.Words, b.found.Unreadable, b.found.Repeated
	v := &Vocabulary{Dim: b.found.Dim, LabelSpace: b.options.LabelSpace}
	var missing []string
	for _, tag := range b.tags {
		vector, lacks := b.vector(tag)
		switch {
		case vector != nil:
			v.Tags, v.Seen, v.Vectors = append(v.Tags, tag), append(v.Seen, b.seen[tag]), append(v.Vectors, b.scaled(vector)...)
		case b.options.OOV == OOVSkip:
			b.report.Skipped = append(b.report.Skipped, tag)
		default:
			missing = append(missing, "  "+lacks)
		}
	}
	if len(missing) > 0 {
		return nil, b.report, fmt.Errorf("%w in %s, %d of %d:\n%s", ErrNoVector, file, len(missing), len(b.tags), strings.Join(missing, "\n"))
	}
	return v, b.report, v.Validate()
}

// vector is the vector of a tag, or nil and what it lacks.
func (b *builder) vector(tag string) (vector []float32, lacks string) {
	if vector, spelled := b.lookUp(tag); vector != nil {
		b.note(tag, spelled)
		return vector, ""
	}
	if words := wordvectors.Words(tag); b.options.OOV == OOVMean && len(words) > 1 {
		return b.mean(tag, words)
	}
	return nil, b.quoted(tag)
}

// note reports a tag that has the vector of a word spelled otherwise, or of
// another tag.
func (b *builder) note(tag, spelled string) {
	if spelled != tag {
		b.report.Spelled = append(b.report.Spelled, [2]string{tag, spelled})
	}
	if other, ok := b.taken[spelled]; ok {
		b.report.Shared = append(b.report.Shared, [2]string{tag, other})
		return
	}
	b.taken[spelled] = tag
}

func (b *builder) lookUp(phrase string) (vector []float32, spelled string) {
	for _, s := range wordvectors.Spellings(phrase) {
		if vector := b.found.Vectors[s]; vector != nil {
			return vector, s
		}
	}
	return nil, ""
}

// mean is the mean of the vectors of words, as the file has them.
func (b *builder) mean(tag string, words []string) (vector []float32, lacks string) {
	sum := make([]float64, b.found.Dim)
	var missing []string
	for _, word := range words {
		vector, _ := b.lookUp(word)
		if vector == nil {
			missing = append(missing, b.quoted(word))
		}
		for i, x := range vector {
			sum[i] += float64(x)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Sprintf("%q: no vector of %s", tag, strings.Join(missing, ", "))
	}
	b.report.Averaged = append(b.report.Averaged, tag)
	vector = make([]float32, len(sum))
	for i, x := range sum {
		vector[i] = float32(x / float64(len(words)))
	}
	return vector, ""
}

// quoted is a word or phrase, with what comes close to it in the file.
func (b *builder) quoted(phrase string) string {
	if near := b.found.Near[wordvectors.Fold(phrase)]; near != "" {
		return fmt.Sprintf("%q (the file has %q)", phrase, near)
	}
	return fmt.Sprintf("%q", phrase)
}

// unitTolerance is how far from 1 a length may be that counts as 1: rounding to
// float32 gives 1e-7.
const unitTolerance = 1e-6

// scaled is a vector brought to length 1. One that has it stays as it is, to the
// bit; so does one without a direction, which Validate refuses.
func (b *builder) scaled(vector []float32) []float32 {
	length := norm(vector)
	if b.options.KeepLength || length == 0 || math.Abs(length-1) <= unitTolerance {
		return vector
	}
	unit := make([]float32, len(vector))
	for i, x := range vector {
		unit[i] = float32(float64(x) / length)
	}
	return unit
}
