package pipeline

import (
	"sync/atomic"
	"time"
)

// Meter counts the work of one stage. It is safe for concurrent use, and a nil
// Meter counts nothing.
type Meter struct {
	rows, bytes atomic.Int64
	busy        atomic.Int64 // nanoseconds, summed over the stage's workers
}

// Add records that rows and bytes were handled since start.
func (m *Meter) Add(rows int, bytes int64, start time.Time) {
	if m == nil {
		return
	}
	m.rows.Add(int64(rows))
	m.bytes.Add(bytes)
	m.busy.Add(int64(time.Since(start)))
}

// Reading is a Meter's state.
type Reading struct {
	Rows        int64   `json:"rows"`
	Bytes       int64   `json:"bytes,omitempty"`
	BusySeconds float64 `json:"busy_seconds"` // summed over workers
}

// Read returns the current counts.
func (m *Meter) Read() Reading {
	if m == nil {
		return Reading{}
	}
	return Reading{Rows: m.rows.Load(), Bytes: m.bytes.Load(), BusySeconds: time.Duration(m.busy.Load()).Seconds()}
}
