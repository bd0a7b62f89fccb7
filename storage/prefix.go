package storage

import (
	"path/filepath"
	"strings"
)

// SplitPrefix splits the URI of a folder, or of names that begin alike, for a
// listing whose objects are named by absolute URIs: root opens the whole store,
// options kept; prefix is the rest, taken as SplitURI takes it, a slash at its
// end kept; base followed by a key of root is the URI of an object as Objects
// reads it. On local files root is "/" and base too.
//
//	s3://lake/a/b*?region=r  is  s3://lake?region=r, s3://lake/, a/b*
//	photos/                  is  /, /, home/me/photos/
//
// base keeps the spelling of uri: abfss:// names an account that no option of an
// object's URI could name.
func SplitPrefix(uri string) (root, base, prefix string, err error) {
	a, err := parseFolder(uri)
	if err != nil {
		return "", "", "", wrapOp("split", Redact(uri), err)
	}
	if a.scheme != "file" {
		scheme, rest, _ := cutScheme(uri)
		return a.folder(""), strings.ToLower(scheme) + "://" + cutAny(rest, "/?") + "/", a.path, nil
	}
	path, err := filepath.Abs(a.path)
	if err != nil {
		return "", "", "", wrapOp("split", Redact(uri), err)
	}
	if strings.HasSuffix(a.path, "/") && path != "/" {
		path += "/"
	}
	return "/", "/", path[1:], nil
}
