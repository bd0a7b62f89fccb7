package labelimport

import (
	"fmt"
	"strings"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
)

// ErrNoTags: of a set's tags the vocabulary has none.
var ErrNoTags = fmt.Errorf("%w: nothing could be joined", jobs.ErrConfig)

// Options that all imports share. Output is required.
type Options struct {
	Output     string // URI of the labelled Parquet
	Images     string // URI of the folder that names of images are below; "": names stay as they are
	Split      string // of every image; "" for none
	Vocab      string // URI of a vocabulary: other tags are left out; "": every tag is kept
	IgnoreCase bool   // join tags with the vocabulary's in upper or lower case
	Unjoined   string // URI of a csv file of all that could not be joined; "" for none
	Program    string // name and version, for the file
}

func (o Options) validate() error {
	switch {
	case o.Output == "":
		return fmt.Errorf("%w: no output given", jobs.ErrConfig)
	case o.IgnoreCase && o.Vocab == "":
		return fmt.Errorf("%w: without a vocabulary there is no case to ignore", jobs.ErrConfig)
	}
	return nil
}

// namer returns what makes a URI of an image's name.
func (o Options) namer() (func(name string) string, error) {
	if o.Images == "" {
		return func(name string) string { return name }, nil
	}
	_, base, prefix, err := storage.SplitPrefix(o.Images)
	if err != nil {
		return nil, fmt.Errorf("%w: images: %w", jobs.ErrConfig, err)
	}
	folder := base + prefix
	if !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	return func(name string) string { return folder + name }, nil
}
