package labelimport

import (
	"cmp"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxListed is how many names of a kind a result lists.
const maxListed = 20

// unjoined gathers names that could not be joined, by kind.
type unjoined map[string]map[string]int64

// add notes a name and n uses of it.
func (u unjoined) add(kind, name string, n int64) {
	if u[kind] == nil {
		u[kind] = map[string]int64{}
	}
	u[kind][name] += n
}

// sorted returns the names of a kind, the most frequent first.
func (u unjoined) sorted(kind string) []Count {
	var names []Count
	for name, uses := range u[kind] {
		names = append(names, Count{name, uses})
	}
	slices.SortFunc(names, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Uses, a.Uses), cmp.Compare(a.Name, b.Name))
	})
	return names
}

// some names a few of many.
func some(names []Count) string {
	const most = 3
	var words []string
	for _, n := range names[:min(len(names), most)] {
		words = append(words, strconv.Quote(n.Name))
	}
	if len(names) > most {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}

func countsOf(names []string) (counts []Count) {
	for _, name := range names {
		counts = append(counts, Count{Name: name})
	}
	return counts
}

func (u unjoined) result() []Unjoined {
	out := []Unjoined{}
	for _, kind := range slices.Sorted(maps.Keys(u)) {
		names := u.sorted(kind)
		one := Unjoined{Kind: kind, Names: len(names), First: names[:min(len(names), maxListed)]}
		for _, n := range names {
			one.Uses += n.Uses
		}
		out = append(out, one)
	}
	return out
}

// write writes all names as csv: kind, name, uses.
func (u unjoined) write(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"kind", "name", "uses"}) // Error tells
	for _, kind := range slices.Sorted(maps.Keys(u)) {
		for _, n := range u.sorted(kind) {
			_ = out.Write([]string{kind, n.Name, strconv.FormatInt(n.Uses, 10)})
		}
	}
	out.Flush()
	return out.Error()
}
