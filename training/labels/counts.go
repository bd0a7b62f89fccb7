package labels

import (
	"cmp"
	"maps"
	"slices"
)

// Counts tells what a set was read from.
type Counts struct {
	Rows        int64            `json:"rows"`         // of the file
	Invalid     int64            `json:"invalid"`      // name no image: no URI, or one that is no text
	LeftOut     int64            `json:"left_out"`     // in no part
	Parts       map[string]int64 `json:"parts"`        // rows in each part
	Partial     int64            `json:"partial"`      // rows, of any part, with unknown tags
	NoPositives int64            `json:"no_positives"` // rows, of any part, without a positive that the vocabulary has
	Conflicts   int64            `json:"conflicts"`    // tags both positive and negative of a row; taken as positive
	Unknown     UnknownTags      `json:"unknown"`
}

// UnknownTags are tags of the file that the vocabulary does not have.
type UnknownTags struct {
	Uses int64      `json:"uses"`          // in all lists together
	Tags int        `json:"tags"`          // how many there are
	More bool       `json:"more"`          // there are more than were told apart
	Most []TagCount `json:"most_frequent"` // some, the most frequent first
}

// TagCount is a tag with how often it came.
type TagCount struct {
	Tag   string `json:"tag"`
	Count int64  `json:"count"`
}

const (
	maxUnknown = 1 << 16 // tags that are told apart
	maxListed  = 20
)

// unknown counts the uses of tags by name. Its memory is bounded: a tag that is
// first met when maxUnknown others are known is counted without its name.
type unknown struct {
	uses   int64
	more   bool
	byName map[string]int64
}

func (u *unknown) add(tag string) {
	u.uses++
	if _, known := u.byName[tag]; !known && len(u.byName) == maxUnknown {
		u.more = true
		return
	}
	u.byName[tag]++
}

func (u *unknown) result() UnknownTags {
	r := UnknownTags{Uses: u.uses, Tags: len(u.byName), More: u.more, Most: []TagCount{}}
	for _, tag := range slices.SortedFunc(maps.Keys(u.byName), func(a, b string) int {
		return cmp.Or(cmp.Compare(u.byName[b], u.byName[a]), cmp.Compare(a, b))
	}) {
		if len(r.Most) == maxListed {
			break
		}
		r.Most = append(r.Most, TagCount{tag, u.byName[tag]})
	}
	return r
}
