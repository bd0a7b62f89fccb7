package evaluate

import (
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/training/labels"
)

// The tasks, as indexes.
const (
	zsl = iota
	gzsl
	seen
	tasks
)

// inTask tells whether a task ranks a tag.
func inTask(task int, tagSeen bool) bool { return task == gzsl || tagSeen == (task == seen) }

// taskTags returns the ids of a task's tags, ascending.
func taskTags(v *model.Vocabulary, task int) (ids []int32) {
	for id, tagSeen := range v.Seen {
		if inTask(task, tagSeen) {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

// state is what is known of a tag on an image.
type state uint8

const (
	negative state = iota
	positive
	unknown
)

// setState writes what a row says of every tag.
func setState(to []state, row labels.Row) {
	rest := negative
	if row.Partial {
		rest = unknown
	}
	for i := range to {
		to[i] = rest
	}
	for _, id := range row.Negatives {
		to[id] = negative
	}
	for _, id := range row.Positives {
		to[id] = positive
	}
}

// knowledge keeps the labels of all images, by tag.
type knowledge struct {
	seen      []bool
	positives [][]int32 // [C] images that have the tag, ascending
	negatives [][]int32 // [C] images with partial labels that are known not to, ascending
	rest      []state   // [n] what else an image's tags are: negative or unknown
	relevant  []uint8   // [n] a bit for each task that the image has a positive of
	partial   int64     // images with unknown tags
}

func newKnowledge(v *model.Vocabulary) knowledge {
	return knowledge{seen: v.Seen, positives: make([][]int32, v.Len()), negatives: make([][]int32, v.Len())}
}

func (k *knowledge) add(row labels.Row) {
	image := int32(len(k.rest))
	rest, relevant := negative, uint8(0)
	for _, id := range row.Positives {
		k.positives[id] = append(k.positives[id], image)
		relevant |= taskBits(k.seen[id])
	}
	if row.Partial {
		rest = unknown
		k.partial++
		for _, id := range row.Negatives {
			k.negatives[id] = append(k.negatives[id], image)
		}
	}
	k.rest, k.relevant = append(k.rest, rest), append(k.relevant, relevant)
}

// taskBits has a bit for each task that ranks a tag.
func taskBits(tagSeen bool) (bits uint8) {
	for task := range tasks {
		if inTask(task, tagSeen) {
			bits |= 1 << task
		}
	}
	return bits
}

// of writes what is known of one tag on every image.
func (k *knowledge) of(tag int, to []state) {
	copy(to, k.rest)
	for _, image := range k.negatives[tag] {
		to[image] = negative
	}
	for _, image := range k.positives[tag] {
		to[image] = positive
	}
}
