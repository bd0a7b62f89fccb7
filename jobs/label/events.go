package label

import (
	"github.com/sdl-batch/sdl-batch/jobs/engine"
	"github.com/sdl-batch/sdl-batch/pipeline"
)

// Handler receives what happens while a job runs: Planned, ShardDone and what
// engines tell.
type Handler = engine.Handler

// Event is one thing that happens.
type Event = engine.Event

// Events that are not of this job alone.
type (
	Loaded   = engine.Loaded
	Progress = engine.Progress
	Warned   = engine.Warned
)

// Planned: the run is known and work is about to begin.
type Planned struct {
	RunID      string
	Resumed    bool // the run existed before
	Committed  bool // the run is complete already; nothing is left to do
	Rows       int64
	Shards     int
	DoneRows   int64 // rows of shards that have a receipt already
	DoneShards int
}

// ShardDone: a shard has its receipt.
type ShardDone struct {
	Shard          int
	Rows, Rejected int64
	Seconds        float64
}

// Event implements the interface.
func (Planned) Event() {}

// Event implements the interface.
func (ShardDone) Event() {}

// Summary is the end of a run, for people and as JSON.
type Summary struct {
	RunID            string                      `json:"run_id"`
	Output           string                      `json:"output"`
	AlreadyCommitted bool                        `json:"already_committed"`
	Rows             int64                       `json:"rows"`
	OK               int64                       `json:"ok"`
	Rejected         int64                       `json:"rejected"`
	Rejects          map[string]int64            `json:"rejects"` // by "stage/code"
	ResumedRows      int64                       `json:"resumed_rows"`
	Shards           int                         `json:"shards"`
	Bytes            map[string]int64            `json:"bytes"` // by table
	ModelID          string                      `json:"model_id"`
	VocabID          string                      `json:"vocab_id"`
	Untrained        bool                        `json:"untrained,omitempty"`
	Device           string                      `json:"device"`
	Seconds          float64                     `json:"seconds"`
	ImagesPerSecond  float64                     `json:"images_per_second"` // of this process's own rows
	Stages           map[string]pipeline.Reading `json:"stages"`
}
