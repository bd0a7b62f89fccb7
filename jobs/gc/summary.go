package gc

import (
	"maps"
	"slices"
	"strings"
)

// Summary says what was removed, or would be, and what was left.
type Summary struct {
	Dataset    string       `json:"dataset"`
	DryRun     bool         `json:"dry_run"`
	Runs       int          `json:"runs"` // looked at
	Removed    Count        `json:"removed"`
	Unfinished int64        `json:"unfinished"` // writes that were given up, among the removed
	Touched    []RunSummary `json:"touched"`    // runs of which something was removed or left
	Warnings   []string     `json:"warnings,omitempty"`
	Seconds    float64      `json:"seconds"`
}

// Count counts files. Bytes of uploads that were not ended are unknown and counted
// as none.
type Count struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

func (c *Count) add(bytes int64) {
	c.Files++
	c.Bytes += bytes
}

// RunSummary tells of one run.
type RunSummary struct {
	RunID   string           `json:"run_id"`
	State   State            `json:"state"`
	Why     string           `json:"why,omitempty"` // of what is Damaged or Unreadable
	Removed Count            `json:"removed"`
	Left    map[Reason]Count `json:"left,omitempty"`
}

// Progress comes with every file that was removed.
type Progress struct {
	Runs    int
	Removed Count
}

// Event implements the interface.
func (Progress) Event() {}

// note changes what is told of a run.
func (s *sweep) note(r *run, change func(*RunSummary)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told[r.id]
	if told == nil {
		told = &RunSummary{RunID: r.id, Left: map[Reason]Count{}}
		s.told[r.id] = told
	}
	told.State, told.Why = r.state, r.why
	change(told)
}

// leave counts a file that is litter and must stay.
func (s *sweep) leave(r *run, why Reason, bytes int64) {
	s.note(r, func(told *RunSummary) {
		count := told.Left[why]
		count.add(bytes)
		told.Left[why] = count
	})
}

// gone counts a file that was removed.
func (s *sweep) gone(r *run, bytes int64, unfinished bool) {
	s.note(r, func(told *RunSummary) {
		told.Removed.add(bytes)
		s.sum.Removed.add(bytes)
		if unfinished {
			s.sum.Unfinished++
		}
		s.handle(Progress{Runs: s.sum.Runs, Removed: s.sum.Removed})
	})
}

// summary closes the account.
func (s *sweep) summary() *Summary {
	s.sum.Touched = []RunSummary{}
	for _, told := range slices.SortedFunc(maps.Values(s.told), func(a, b *RunSummary) int { return strings.Compare(a.RunID, b.RunID) }) {
		s.sum.Touched = append(s.sum.Touched, *told)
	}
	return &s.sum
}
