package labelimport

// Imported tells what an import wrote, and what it could not join.
type Imported struct {
	Output    string           `json:"output"`
	Images    int64            `json:"images"`
	Labelled  int64            `json:"labelled"`  // images with a positive
	Positives int64            `json:"positives"` // of all images together
	Negatives int64            `json:"negatives"` // that are listed; see Partial
	Tags      int              `json:"tags"`      // different ones, among positives or negatives
	Partial   bool             `json:"partial"`   // rows list their negatives; all else is unknown
	Splits    map[string]int64 `json:"splits"`    // images of each split, "" for none
	Notes     Notes            `json:"notes"`
	Unjoined  []Unjoined       `json:"unjoined"` // by kind; kinds of which there is none are left out
	Seconds   float64          `json:"seconds"`
}

// Notes are counts that not every set has.
type Notes struct {
	Annotations int64 `json:"annotations,omitempty"` // COCO: of the file
	Crowds      int64 `json:"crowds,omitempty"`      // COCO: of them, of crowds
	Labels      int64 `json:"labels,omitempty"`      // Open Images: rows of the file
	Uncertain   int64 `json:"uncertain,omitempty"`   // Open Images: of them, neither 0 nor 1; left out
	Conflicts   int64 `json:"conflicts,omitempty"`   // tags both true and not true of an image; taken as true
	LeftOut     int64 `json:"left_out,omitempty"`    // NUS-WIDE: images in neither list
}

// Kinds of names that could not be joined.
const (
	UnknownTag   = "unknown_tag"   // the vocabulary does not have it
	MissingTag   = "missing_tag"   // of the vocabulary, the set does not have it
	UnnamedClass = "unnamed_class" // an id that the class descriptions do not have
	UnknownImage = "unknown_image" // the set has labels or a split of it but does not list it
	NoSplit      = "no_split"      // an image in neither list
)

// Unjoined are names of one kind.
type Unjoined struct {
	Kind  string  `json:"kind"`
	Names int     `json:"names"`
	Uses  int64   `json:"uses"`  // how often they came, together
	First []Count `json:"first"` // some of them, the most frequent first
}

// Count is a name with how often it came.
type Count struct {
	Name string `json:"name"`
	Uses int64  `json:"uses"`
}

// Progress comes about twice a second.
type Progress struct {
	Images int64 // written
	Labels int64 // read, where a file is read before the first image is written
}

// Event implements the interface.
func (Progress) Event() {}
