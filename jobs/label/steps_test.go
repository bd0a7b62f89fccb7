package label_test

import (
	"context"
	"regexp"
	"slices"
	"sync"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/storage"
)

// withPoints returns a context under which a run calls at for each of its steps,
// with the kind of point: what is done, to what kind of object. An error of at
// is that of the step.
func withPoints(ctx context.Context, at func(point string) error) context.Context {
	ctx = storage.WithSteps(ctx, func(s storage.Step) error {
		point := s.Op + " " + kindOfName(s.Name)
		if s.Op == "wait" {
			return at("wait")
		}
		if s.Done {
			point += ", answered"
		}
		return at(point)
	})
	return pipeline.WithSteps(ctx, func(s pipeline.Step) error { return at("stage " + s.Stage + ": " + s.Event) })
}

// kinds reduce the names of objects, files and requests to what they are.
var kinds = []struct {
	name *regexp.Regexp
	kind string
}{
	{regexp.MustCompile(`\?.*$`), ""},
	{regexp.MustCompile(`^([A-Z]+ )?(.*/)?(in|out)(/[0-9]+)?(/|$)`), "$1"},
	{regexp.MustCompile(`^$`), "dataset"},
	{regexp.MustCompile(`^/.*`), "above"},
	{regexp.MustCompile(`/$`), ""},
	{regexp.MustCompile(`scenes/\d+\.png`), "image"},
	{regexp.MustCompile(`run(=|%3D)[^/]+`), "run"},
	{regexp.MustCompile(`_runs/[^/]+`), "_runs/run"},
	{regexp.MustCompile(`\d{6}\.[0-9A-Z]{26}`), "attempt"},
	{regexp.MustCompile(`[0-9A-Z]{26}\.zst`), "kept"},
	{regexp.MustCompile(`\.sdl-probe-[0-9A-Z]+`), "probe"},
	{regexp.MustCompile(`\.sdl-[0-9A-Z]+\.tmp`), "temp"},
	{regexp.MustCompile(`\d{6}`), "N"},
}

func kindOfName(name string) string {
	for _, k := range kinds {
		name = k.name.ReplaceAllString(name, k.kind)
	}
	return name
}

// census counts the points that a run comes by.
type census struct {
	mu    sync.Mutex
	times map[string]int
}

func newCensus() *census { return &census{times: map[string]int{}} }

// visit counts a point and tells how often it was visited.
func (c *census) visit(point string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times[point]++
	return c.times[point]
}

// kinds are the points in order of their names.
func (c *census) kinds() []string {
	var all []string
	for point := range c.times {
		all = append(all, point)
	}
	slices.Sort(all)
	return all
}

func (c *census) total() int {
	n := 0
	for _, times := range c.times {
		n += times
	}
	return n
}

// place is one visit of a point of a run.
type place struct {
	Point string // "": any
	Nth   int    // from 1
}

// is tells of each visit whether it is that of the place.
func (p place) is(c *census, point string) bool {
	any, same := c.visit(""), c.visit(point)
	return p.Point == "" && p.Nth == any || p.Point == point && p.Nth == same
}

// places are every visit of every point; of those that suite has not tried yet,
// where it is not nil, the first or the last visit of each in turn.
func (c *census) places(suite *census) []place {
	var out []place
	for i, point := range c.kinds() {
		switch last := c.times[point]; {
		case suite == nil:
			for nth := range last {
				out = append(out, place{point, nth + 1})
			}
		case !looks.MatchString(point) && suite.visit(point) == 1:
			out = append(out, place{point, []int{1, last}[i%2]})
		}
	}
	return out
}

// looks are points after something was looked at: nothing is other than before.
var looks = regexp.MustCompile(`^(stat|list|request (GET|HEAD)) .*, answered$`)
