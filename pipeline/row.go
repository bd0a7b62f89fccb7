package pipeline

import "time"

// Shard is a contiguous range of manifest rows: the unit of work, retry and
// commit.
type Shard struct {
	Index int   // position in the plan, from 0
	First int64 // number of its first row
	Rows  int64 // how many rows it has
}

// Row is one line of the manifest.
type Row struct {
	Shard   Shard
	Number  int64  // position in the manifest, from 0
	URI     string // as the manifest has it
	Carried []string
	// Invalid, when set, says why the line itself cannot be used.
	Invalid *Reject
}

// Object is a row with the bytes it names, or with the reason why there are
// none. Exactly one of Body and Reject is set.
type Object struct {
	Row
	Body     []byte
	Version  string // ETag, generation, or mtime and size
	SHA256   [32]byte
	Attempts int
	Reject   *Reject
	// Free gives the body's memory back. Call it once, when Body is no longer
	// used. It may be nil.
	Free func()
}

// Release frees the body, if there is one.
func (o *Object) Release() {
	if o.Free != nil {
		o.Free()
	}
	o.Body, o.Free = nil, nil
}

// Reject says why a row could not be labelled. Code is stable and short, so
// that queries can group by it; Message is for people and holds no secrets.
type Reject struct {
	Stage     string
	Code      string
	Message   string
	Retryable bool // another run may succeed without any change to the input
}

// Outcome is what the images table says of one row, but for its tags.
type Outcome struct {
	Row
	Version   string
	SHA256    [32]byte // zero when no bytes were read
	Bytes     int64
	Width     int // pixels, as stored, before any orientation
	Height    int
	Format    string // "jpeg", "png", ...
	Attempts  int
	Processed time.Time
	Reject    *Reject // nil: labelled
}
