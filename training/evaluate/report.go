package evaluate

// Report is an evaluation's result; all measures are percent.
type Report struct {
	Images  int64       `json:"images"`         // evaluated, before any protocol drops some
	Partial int64       `json:"partial_images"` // of them, that have unknown tags
	ZSL     Task        `json:"zsl"`            // unseen tags
	GZSL    Task        `json:"gzsl"`           // all tags
	Seen    Task        `json:"seen"`           // seen tags
	Tags    []TagResult `json:"tags,omitempty"` // every tag, by id
}

// Task is one ranking task under both protocols.
type Task struct {
	Tags             int      `json:"tags"`                   // C
	WithoutPositives int      `json:"tags_without_positives"` // of them
	Drop             Measures `json:"drop"`                   // images without a positive among the tags left out
	Keep             Measures `json:"keep"`                   // all images
}

// Measures are a task's figures under one protocol.
type Measures struct {
	Images        int64   `json:"images"`
	Dropped       int64   `json:"dropped"`
	MeanPositives float64 `json:"mean_positives"` // positives per image, among the task's tags
	MAP           float64 `json:"map"`            // tags without positives count 0
	MAPPresent    float64 `json:"map_present"`    // they are left out
	At            []AtK   `json:"at"`             // for each K, ascending
}

// AtK are the measures of each image's K best tags.
type AtK struct {
	K         int     `json:"k"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// TagResult is what was found of one tag. APs are 0 without positives.
type TagResult struct {
	ID        int32   `json:"id"`
	Tag       string  `json:"tag"`
	Seen      bool    `json:"seen"`
	Annotated int64   `json:"annotated"` // images whose label of the tag is known
	Positives int64   `json:"positives"` // images that have it
	AP        float64 `json:"ap"`        // GZSL, Drop: among images with any positive
	APGroup   float64 `json:"ap_group"`  // ZSL or Seen, Drop: among images with a positive of the tag's group
	APKeep    float64 `json:"ap_keep"`   // Keep: among all images
}

// average adds the task's mAPs.
func (t *Task) average(task int, tags []TagResult) {
	var dropped, kept float64
	present := 0
	for _, tag := range tags {
		if !inTask(task, tag.Seen) {
			continue
		}
		if tag.Positives > 0 {
			present++
		}
		kept += tag.APKeep
		if task == gzsl {
			dropped += tag.AP
		} else {
			dropped += tag.APGroup
		}
	}
	t.WithoutPositives = t.Tags - present
	t.Drop.MAP, t.Drop.MAPPresent = share(dropped, float64(t.Tags)), share(dropped, float64(present))
	t.Keep.MAP, t.Keep.MAPPresent = share(kept, float64(t.Tags)), share(kept, float64(present))
}
