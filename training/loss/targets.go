package loss

import "fmt"

// Targets are the labels of a batch of B images as the graph takes them, among
// C seen tags and with room for P positives an image.
type Targets struct {
	Positives []int64   // [B,P] tags; unused places hold 0
	Pairs     []float32 // [B,P] weight of a positive against each negative; 0 where unused
	Alone     []float32 // [B,P] weight of a positive of an image without negatives
	Negatives []float32 // [B,C] 1 for the image's negative tags, else 0

	config             Config
	vectors            []float32 // [C,D]
	batch, places, dim int
}

// NewTargets makes room for batches of images with up to places positives.
// vectors [C,D] are those of the seen tags; they are kept.
func NewTargets(config Config, vectors []float32, dim, batch, places int) *Targets {
	tags := len(vectors) / dim
	return &Targets{
		Positives: make([]int64, batch*places), Pairs: make([]float32, batch*places), Alone: make([]float32, batch*places),
		Negatives: make([]float32, batch*tags),
		config:    config, vectors: vectors, batch: batch, places: places, dim: dim,
	}
}

// Set labels image i. positives are seen tags, each once and at least one:
// an image without a positive has no loss, and the caller leaves it out.
// negatives are the known negative tags; nil makes every other tag negative.
func (t *Targets) Set(i int, positives, negatives []int32) error {
	if len(positives) < 1 || len(positives) > t.places {
		return fmt.Errorf("loss: image with %d positive tags: want 1 to %d", len(positives), t.places)
	}
	tags := len(t.vectors) / t.dim
	row := t.Negatives[i*tags:][:tags]
	count := mark(row, positives, negatives)
	weight := t.config.ranking() / float64(len(positives)) / float64(t.batch)
	if !t.config.Uniform {
		weight *= Diversity(t.vectors, t.dim, positives)
	}
	at := i * t.places
	clear(t.Positives[at:][:t.places])
	clear(t.Pairs[at:][:t.places])
	clear(t.Alone[at:][:t.places])
	for j, tag := range positives {
		t.Positives[at+j] = int64(tag)
		if count > 0 {
			t.Pairs[at+j] = float32(weight)
		} else {
			t.Alone[at+j] = float32(weight)
		}
	}
	return nil
}

// mark writes 1 for negative tags and returns how many there are. A tag in both
// lists is positive.
func mark(row []float32, positives, negatives []int32) int {
	others := float32(1)
	if negatives != nil {
		others = 0
	}
	for tag := range row {
		row[tag] = others
	}
	for _, tag := range negatives {
		row[tag] = 1
	}
	for _, tag := range positives {
		row[tag] = 0
	}
	count := 0
	for _, v := range row {
		count += int(v)
	}
	return count
}

// Diversity is 1 + Σ_d Var({v_p[d]}) over the vectors, rows of vectors [C,dim],
// of the given tags: the unbiased variance, 0 for a single tag.
func Diversity(vectors []float32, dim int, tags []int32) float64 {
	if len(tags) < 2 {
		return 1
	}
	total := 1.0
	for d := range dim {
		var mean, squares float64
		for i, tag := range tags { // Welford's update
			x := float64(vectors[int(tag)*dim+d])
			delta := x - mean
			mean += delta / float64(i+1)
			squares += delta * (x - mean)
		}
		total += squares / float64(len(tags)-1)
	}
	return total
}
