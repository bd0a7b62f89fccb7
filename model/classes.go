package model

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/sdl-batch/sdl-batch/model/torchfile"
	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// readClasses reads the tags by their columns: a pickled dict, COCO's JSON or a
// text, told apart by their first bytes.
func readClasses(r io.Reader) ([]string, error) {
	in := bufio.NewReader(r)
	if bytes.HasPrefix(headOf(in), byteOrderMark) {
		_, _ = in.Discard(len(byteOrderMark))
	}
	switch head := headOf(in); {
	case isPickle(head):
		names, err := torchfile.ReadIntStringDict(in, maxNamesBytes)
		if err != nil {
			return nil, err
		}
		return tagsInOrder(names)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		return cocoNames(in)
	}
	list, err := parseTagList(in)
	return tagsOf(list), err
}

var byteOrderMark = []byte("\ufeff")

// headOf peeks at the first bytes; an error shows up when they are read.
func headOf(in *bufio.Reader) []byte {
	head, _ := in.Peek(256)
	return head
}

// pickleStart is how pickles begin: with their protocol, from the second on, and
// before it with a dict, a list, or a global to be called.
var pickleStart = regexp.MustCompile(`^([}\]]|\([dl](p\d+\n|[IVSKUX.])|c[\w.]+\n\w+\n(\(|p\d+\n))`)

func isPickle(head []byte) bool { return len(head) > 0 && head[0] == 0x80 || pickleStart.Match(head) }

// tagsInOrder lists the tags by id, which must run from 0 without a gap.
func tagsInOrder(names map[int]string) ([]string, error) {
	tags := make([]string, len(names))
	for id := range tags {
		tag, ok := names[id]
		if !ok {
			return nil, fmt.Errorf("there are %d and none has id %d", len(names), id)
		}
		tags[id] = tag
	}
	return tags, nil
}

// What a tag is in a split.
const (
	inSeen = iota
	inUnseen
	inNoSet
)

// readSplit reads what each of tags is: a pickled list or a text of those that
// are unseen, or COCO's index sets.
func readSplit(r io.Reader, tags []string) ([]int, error) {
	in := bufio.NewReader(r)
	if !isPickle(headOf(in)) {
		list, err := parseTagList(in)
		if err != nil {
			return nil, err
		}
		return splitByNames(tags, tagsOf(list))
	}
	value, err := torchfile.ReadPickle(in, torchfile.LimitsFor(maxNamesBytes))
	if err != nil {
		return nil, err
	}
	if sets, ok := indexSets(value); ok {
		return splitBySets(len(tags), sets)
	}
	unseen, err := torchfile.Strings(value)
	if err != nil {
		return nil, err
	}
	return splitByNames(tags, unseen)
}

// splitByNames marks all tags as seen but those called unseen.
func splitByNames(tags, unseen []string) ([]int, error) {
	ids := make(map[string]int, len(tags))
	for id, tag := range tags {
		ids[tag] = id
	}
	split := make([]int, len(tags))
	var missing []string
	for _, tag := range unseen {
		if id, ok := ids[tag]; ok {
			split[id] = inUnseen
		} else {
			missing = append(missing, fmt.Sprintf("%q", tag))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("not among the %d classes: %s", len(tags), abbreviate(missing, maxProblems))
	}
	return split, nil
}

// indexSets are the sets train, val and test of a dict that has nothing else.
func indexSets(value pickle.Value) (sets map[string]*pickle.Set, ok bool) {
	d, ok := value.(*pickle.Dict)
	if !ok {
		return nil, false
	}
	sets = map[string]*pickle.Set{}
	for k, v := range d.All() {
		name, ok1 := k.(string)
		set, ok2 := v.(*pickle.Set)
		if !ok1 || !ok2 || name != "train" && name != "val" && name != "test" {
			return nil, false
		}
		sets[name] = set
	}
	return sets, sets["train"] != nil && sets["test"] != nil
}

// splitBySets marks c tags by the sets of their indices.
func splitBySets(c int, sets map[string]*pickle.Set) ([]int, error) {
	split := make([]int, c)
	for id := range split {
		split[id] = inNoSet
	}
	for _, part := range []struct {
		set string
		is  int
	}{{"train", inSeen}, {"val", inUnseen}, {"test", inUnseen}} {
		if sets[part.set] == nil {
			continue
		}
		for _, item := range sets[part.set].Items() {
			id, ok := item.(int64)
			if !ok {
				return nil, fmt.Errorf("set %q has a %s, no index", part.set, pickle.Kind(item))
			}
			if id < 0 || id >= int64(c) {
				return nil, fmt.Errorf("set %q has index %d, there are %d classes", part.set, id, c)
			}
			if split[id] != inNoSet {
				return nil, fmt.Errorf("index %d is in two sets", id)
			}
			split[id] = part.is
		}
	}
	return split, nil
}
