package label

import (
	"time"

	"github.com/sdl-batch/sdl-batch/pipeline"
)

// Handler receives what happens while a job runs. It is called from one
// goroutine at a time and must not block for long.
type Handler func(Event)

// Event is one of the types below.
type Event interface{ event() }

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

// Loaded: the model is ready.
type Loaded struct {
	ModelID   string
	ModelName string
	Untrained bool
	Tags      int
	Unseen    int
	Device    string // the one used
	Passed    string // why devices that auto would have preferred were not used
	Library   string
	BatchSize int
	Threads   int
	Seconds   float64
}

// Progress comes about twice a second.
type Progress struct {
	Rows       int64 // labelled or rejected, by this process
	Rejected   int64
	Total      int64   // rows this process has to do
	PerSecond  float64 // over the last seconds
	Remaining  time.Duration
	Bottleneck string // the stage that the others wait for
}

// ShardDone: a shard has its receipt.
type ShardDone struct {
	Shard          int
	Rows, Rejected int64
	Seconds        float64
}

// Warned: something is odd, and work goes on.
type Warned struct{ Message string }

func (Planned) event()   {}
func (Loaded) event()    {}
func (Progress) event()  {}
func (ShardDone) event() {}
func (Warned) event()    {}

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
