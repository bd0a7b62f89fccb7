package labelimport

import (
	"slices"
	"strings"

	"github.com/sdl-batch/sdl-batch/model"
)

// join finds the tags of a set among those of a vocabulary.
type join struct {
	vocab    *model.Vocabulary // nil: every tag is kept
	byName   map[string]string // a name, or a folded one -> the vocabulary's tag
	fold     bool
	met      map[string]bool // tags that the set has
	judged   []string        // tags that the set judges in every image, sorted; nil if it does not say
	unjoined unjoined
}

func newJoin(vocab *model.Vocabulary, ignoreCase bool) *join {
	j := &join{vocab: vocab, byName: map[string]string{}, fold: ignoreCase, met: map[string]bool{}, unjoined: unjoined{}}
	if vocab == nil {
		return j
	}
	for _, tag := range vocab.Tags {
		if folded := strings.ToLower(tag); ignoreCase {
			if _, taken := j.byName[folded]; taken {
				j.byName[folded] = "" // of several, none is meant
			} else {
				j.byName[folded] = tag
			}
		}
	}
	for _, tag := range vocab.Tags {
		j.byName[tag] = tag // a name as it is comes before a folded one
	}
	return j
}

// tag returns the vocabulary's tag of a name, or false.
func (j *join) tag(name string) (string, bool) {
	if j.vocab == nil {
		return name, true
	}
	tag := j.byName[name]
	if tag == "" && j.fold {
		tag = j.byName[strings.ToLower(name)]
	}
	return tag, tag != ""
}

// judges notes the tags that the set judges in every image.
func (j *join) judges(names []string) {
	j.judged = []string{}
	for _, name := range names {
		if tag, ok := j.tag(name); ok {
			j.met[tag] = true
			j.judged = append(j.judged, tag)
		} else {
			j.unjoined.add(UnknownTag, name, 0)
		}
	}
	slices.Sort(j.judged)
	j.judged = slices.Compact(j.judged)
}

// partial tells whether tags of the vocabulary are unknown of every image.
func (j *join) partial() bool {
	return j.judged == nil || j.vocab != nil && len(j.judged) < j.vocab.Len()
}

// find returns the tags of names, sorted, each once, in the memory of room.
func (j *join) find(names []string, room []string) []string {
	tags := room[:0]
	for _, name := range names {
		if tag, ok := j.tag(name); ok {
			j.met[tag] = true
			tags = append(tags, tag)
		} else {
			j.unjoined.add(UnknownTag, name, 1)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// missing notes the vocabulary's tags that the set does not have.
func (j *join) missing() {
	if j.vocab == nil {
		return
	}
	for _, tag := range j.vocab.Tags {
		if !j.met[tag] {
			j.unjoined.add(MissingTag, tag, 0)
		}
	}
}

// without returns the sorted tags that are not among the sorted others, in the
// memory of room.
func without(tags, others, room []string) []string {
	left := room[:0]
	for _, tag := range tags {
		if _, among := slices.BinarySearch(others, tag); !among {
			left = append(left, tag)
		}
	}
	return left
}
