package jobs

import "github.com/sdl-batch/sdl-batch/storage"

// ImagesOf opens the images that the rows of a table at uri name. A table on this
// machine may name any file here; one from elsewhere only what roots allow.
// Relative names are taken from the table's own folder.
func ImagesOf(uri string, roots []string) (*storage.Objects, error) {
	folder, _, err := storage.SplitURI(uri)
	if err != nil {
		return nil, err
	}
	return storage.NewObjects(storage.ObjectsOptions{Base: folder, AllowLocal: storage.IsLocal(uri), AllowRoots: roots}), nil
}
