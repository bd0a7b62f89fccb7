package jobs

import (
	"errors"
	"fmt"

	"github.com/sdl-batch/sdl-batch/storage"
)

// Access says which images the rows of a table may name, beside those of stores
// that take credentials.
type Access struct {
	AllowRoots []string // local folders that a table from elsewhere may name
	AllowHTTP  []string // web hosts, as storage.ObjectsOptions has them; empty: none
	PerHost    int      // requests at one web host at once; 8
}

// Validate reports every problem at once.
func (a Access) Validate() error {
	err := storage.CheckWebHosts(a.AllowHTTP)
	if a.PerHost < 0 || a.PerHost > 1024 {
		err = errors.Join(err, fmt.Errorf("requests per host %d: want 1 to 1024", a.PerHost))
	}
	return err
}

// ImagesOf opens the images that the rows of a table at uri name. A table on this
// machine may name any file here; one from elsewhere only what the access allows.
// Relative names are taken from the table's own folder.
func ImagesOf(uri string, a Access) (*storage.Objects, error) {
	folder, _, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	return storage.NewObjects(storage.ObjectsOptions{
		Base: folder, AllowLocal: storage.IsLocal(uri), AllowRoots: a.AllowRoots, AllowHTTP: a.AllowHTTP, PerHost: a.PerHost,
	}), nil
}
