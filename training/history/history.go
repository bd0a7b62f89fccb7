package history

import "slices"

// History is what a training told. The zero value is empty. It is for one
// goroutine at a time.
type History struct {
	Steps  []Step  // by rising step
	Epochs []Epoch // by rising epoch
	Drops  []Drop  // each image and reason once, in the order of telling

	dropped map[Drop]bool
}

// AddStep appends a step. A step that is not later than the last one is the
// repetition after a restart: it replaces what was told from there on, epochs
// included.
func (h *History) AddStep(s Step) {
	for n := len(h.Steps); n > 0 && h.Steps[n-1].Step >= s.Step; n-- {
		h.Steps = h.Steps[:n-1]
	}
	for n := len(h.Epochs); n > 0 && h.Epochs[n-1].Step >= s.Step; n-- {
		h.Epochs = h.Epochs[:n-1]
	}
	h.Steps = append(h.Steps, s)
}

// AddEpoch appends an epoch, in place of those that are not earlier.
func (h *History) AddEpoch(e Epoch) {
	for n := len(h.Epochs); n > 0 && h.Epochs[n-1].Epoch >= e.Epoch; n-- {
		h.Epochs = h.Epochs[:n-1]
	}
	h.Epochs = append(h.Epochs, e)
}

// AddDrop notes a dropped image, unless it is known with that reason.
func (h *History) AddDrop(d Drop) {
	if h.dropped == nil {
		h.dropped = map[Drop]bool{}
	}
	if !h.dropped[d] {
		h.dropped[d] = true
		h.Drops = append(h.Drops, d)
	}
}

// Best returns the best epoch, the last one that was marked so; false when
// there is none.
func (h *History) Best() (Epoch, bool) {
	for _, e := range slices.Backward(h.Epochs) {
		if e.Best {
			return e, true
		}
	}
	return Epoch{}, false
}

// metrics returns the names of all metrics, first before the others.
func (h *History) metrics(first string) (names []string) {
	known := map[string]bool{}
	for _, e := range h.Epochs {
		for name := range e.Metrics {
			if !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	if at := slices.Index(names, first); at > 0 {
		names = slices.Insert(slices.Delete(names, at, at+1), 0, first)
	}
	return names
}
