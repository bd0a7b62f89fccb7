package storage

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// localFiles opens the local files that a manifest may name.
type localFiles struct {
	anywhere bool
	roots    []string
}

func (l localFiles) open(path string) (io.ReadCloser, Attrs, error) {
	if l.anywhere {
		return openRegular(path)
	}
	for _, root := range l.roots {
		if body, attrs, ok, err := openUnder(root, path); ok {
			return body, attrs, err
		}
	}
	return nil, Attrs{}, fmt.Errorf("%w: local files are outside the allowed folders", ErrPermission)
}

// openRegular looks before it opens: opening a device may act upon it.
func openRegular(path string) (io.ReadCloser, Attrs, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Attrs{}, fileError(err)
	}
	if err := regular(info); err != nil {
		return nil, Attrs{}, err
	}
	return openFile(os.OpenFile, path, 0, -1)
}

// openUnder opens path if it lies under root once all links are resolved; ok
// tells whether it does. A link that is swapped after the look cannot lead
// out: the file is opened relative to root, which no link may leave.
func openUnder(root, path string) (body io.ReadCloser, attrs Attrs, ok bool, err error) {
	folder, err := resolveLinks(root)
	if err != nil {
		return nil, Attrs{}, false, nil
	}
	file, err := resolveLinks(path)
	if err != nil {
		return nil, Attrs{}, lexicallyUnder(root, path), fileError(err)
	}
	name, err := filepath.Rel(folder, file)
	if err != nil || !filepath.IsLocal(name) {
		return nil, Attrs{}, false, nil
	}
	open, err := os.OpenRoot(folder)
	if err != nil {
		return nil, Attrs{}, true, fileError(err)
	}
	defer open.Close()
	info, err := open.Stat(name)
	if err != nil {
		return nil, Attrs{}, true, fileError(err)
	}
	if err := regular(info); err != nil {
		return nil, Attrs{}, true, err
	}
	body, attrs, err = openFile(open.OpenFile, name, 0, -1)
	return body, attrs, true, err
}

func resolveLinks(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// lexicallyUnder tells a missing file of an allowed folder from one elsewhere,
// whose absence is nobody's business.
func lexicallyUnder(root, path string) bool {
	folder, err := filepath.Abs(root)
	if err != nil {
		return false
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	name, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(name)
}
