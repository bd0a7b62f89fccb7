package pipeline

// Batch carries up to Size images of one shard through inference, with the
// rejects that were met while it was filled. A stage that received a Batch owns
// it until it sends it on.
type Batch struct {
	Seq   int64
	Shard Shard
	// Images holds the n images of the batch; element i belongs to slot i of
	// every column below.
	Images []Outcome
	// Rejected holds rows that have no slot.
	Rejected []Outcome

	Pixels     []uint8    // [n,S,S,3] RGB; nil once inferred
	Embeddings []float32  // [n,K,D]; nil before inference
	Seen       RankedTags // after ranking
	Unseen     RankedTags
	Spread     []float32 // [n] Σ_d Var_k of the matrix rows

	free []func()
}

// RankedTags holds for every image of a batch its best tags of one group, best
// first.
type RankedTags struct {
	Count  int       // tags per image: min(top-k, tags in the group)
	TagIDs []int32   // [n,Count] index into the vocabulary
	Scores []float32 // [n,Count]
}

// Len returns the number of images.
func (b *Batch) Len() int { return len(b.Images) }

// Rows returns the number of rows that the batch accounts for.
func (b *Batch) Rows() int { return len(b.Images) + len(b.Rejected) }

// OnRelease adds a function that gives pooled memory of the batch back.
func (b *Batch) OnRelease(f func()) { b.free = append(b.free, f) }

// Release gives all pooled memory back. The batch must not be used afterwards.
func (b *Batch) Release() {
	for _, f := range b.free {
		f()
	}
	b.free = nil
	b.Pixels, b.Embeddings = nil, nil
}
