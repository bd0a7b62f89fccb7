package storage

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// address is a parsed folder or object URI.
type address struct {
	scheme string // "file" for plain paths, too
	host   string // bucket or memory name; empty for files
	path   string // prefix or key without the slash after the host; a local path for files
	query  string // options, without the question mark
}

// cutScheme splits scheme://rest; ok is false for a plain path.
func cutScheme(uri string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(uri, "://")
	if !ok || !schemePattern.MatchString(scheme) {
		return "", uri, false
	}
	return scheme, rest, true
}

var schemePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*$`)

// options is what may follow the question mark of a folder URI.
var options = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*=[^&?]*(&[A-Za-z][A-Za-z0-9_.-]*=[^&?]*)*$`)

// parseFolder reads a URI that may carry options.
func parseFolder(uri string) (address, error) {
	a, err := parseObject(uri)
	if err != nil || a.scheme == "file" {
		return a, err
	}
	if i := strings.LastIndexByte(a.path, '?'); i >= 0 && options.MatchString(a.path[i+1:]) {
		a.path, a.query = a.path[:i], strings.TrimPrefix(a.query+"&"+a.path[i+1:], "&")
	}
	return a, nil
}

// parseObject reads a URI whose path is taken byte for byte (percent-decoded
// for file://). Of a folder's options only those straight after the host end
// up outside the path.
func parseObject(uri string) (address, error) {
	if strings.IndexByte(uri, 0) >= 0 {
		return address{}, invalid("the name holds a NUL byte")
	}
	scheme, rest, ok := cutScheme(uri)
	if !ok {
		return plainPath(uri)
	}
	if isABFS(scheme) {
		return abfsPath(rest)
	}
	scheme = schemeOf(scheme)
	if err := checkScheme(scheme); err != nil {
		return address{}, err
	}
	if scheme == "file" {
		return filePath(rest)
	}
	return bucketPath(scheme, rest)
}

func plainPath(path string) (address, error) {
	if path == "" {
		return address{}, invalid("the name is empty")
	}
	return address{scheme: "file", path: path}, nil
}

// filePath reads what follows file://, an absolute percent-encoded path.
func filePath(rest string) (address, error) {
	rest = strings.TrimPrefix(rest, "localhost")
	if !strings.HasPrefix(rest, "/") {
		return address{}, invalid("file:// needs an absolute path, as in file:///data/images")
	}
	if strings.ContainsAny(rest, "?#") {
		return address{}, invalid("a file:// path spells ? as %%3F and # as %%23")
	}
	path, err := url.PathUnescape(rest)
	if err != nil || strings.IndexByte(path, 0) >= 0 {
		return address{}, invalid("a file:// path has a broken percent-encoding")
	}
	return address{scheme: "file", path: path}, nil
}

func bucketPath(scheme, rest string) (address, error) {
	host, path, _ := strings.Cut(rest, "/")
	if name, query, found := strings.Cut(host, "?"); found {
		return address{scheme: scheme, host: name, query: query + strings.TrimPrefix(rest, host)}, checkHost(name)
	}
	return address{scheme: scheme, host: host, path: path}, checkHost(host)
}

// checkHost refuses hosts that are no bucket name, credentials above all.
func checkHost(host string) error {
	switch {
	case host == "":
		return invalid("a bucket name is missing")
	case strings.ContainsAny(host, "@:"):
		return invalid("credentials and ports do not belong into a bucket URI")
	case strings.ContainsAny(host, "%#\\ \t\r\n"):
		return invalid("malformed bucket name")
	}
	return nil
}

// IsLocal tells whether uri names something on the local disks.
func IsLocal(uri string) bool {
	scheme, _, spelled := cutScheme(uri)
	return !spelled || strings.EqualFold(scheme, "file")
}

// Absolute spells the name of something on the local disks as an absolute path,
// so that it means the same in another working folder, whether it was a plain
// path or file://. Other URIs stay as they are.
func Absolute(uri string) (string, error) {
	if !IsLocal(uri) {
		return uri, nil
	}
	a, err := parseFolder(uri)
	if err != nil {
		return "", wrapOp("name", Redact(uri), err)
	}
	path, err := filepath.Abs(a.path)
	return path, wrapOp("name", Redact(uri), err)
}

// SplitURI splits the URI of one object into its folder, options kept, and
// its key: s3://b/p/x.txt?region=r is x.txt in s3://b/p?region=r, and a.txt is
// a.txt in ".". Opening the folder and reading the key finds the object.
func SplitURI(uri string) (folder, name string, err error) {
	a, err := parseFolder(uri)
	if err != nil {
		return "", "", wrapOp("split", Redact(uri), err)
	}
	if a.scheme == "file" {
		return splitPath(uri, a.path)
	}
	parent, name := splitKey(a.path)
	if name == "" || strings.HasSuffix(name, "/") {
		return "", "", wrapOp("split", Redact(uri), invalid("this names a folder"))
	}
	folder = a.folder(parent)
	if again, err := parseFolder(folder); err != nil || again.path != parent || again.query != a.query {
		return "", "", wrapOp("split", Redact(uri), invalid("the name of the folder reads like options"))
	}
	return folder, name, nil
}

// folder is the URI of a folder in the bucket of a, with a's options.
func (a address) folder(path string) string {
	uri := a.scheme + "://" + a.host
	if path != "" {
		uri += "/" + path
	}
	if a.query != "" {
		uri += "?" + a.query
	}
	return uri
}

// splitKey cuts key at its last slash that has a name on both sides, so that
// doubled slashes stay with the name.
func splitKey(key string) (parent, name string) {
	i := strings.LastIndexByte(key, '/')
	parent = strings.TrimRight(key[:max(i, 0)], "/")
	if parent == "" {
		return "", key
	}
	return parent, key[len(parent)+1:]
}

// splitPath splits a local path; uri tells how it was spelled.
func splitPath(uri, path string) (folder, name string, err error) {
	i := strings.LastIndexByte(path, '/')
	folder, name = path[:i+1], path[i+1:]
	if name == "" || name == "." || name == ".." {
		return "", "", wrapOp("split", Redact(uri), invalid("this names a folder"))
	}
	if folder == "" {
		return ".", name, nil
	}
	if trimmed := strings.TrimRight(folder, "/"); trimmed != "" {
		folder = trimmed
	}
	if _, _, spelled := cutScheme(uri); spelled || strings.Contains(folder, "://") {
		folder = fileURI(folder)
	}
	return folder, name, nil
}

// fileURI spells a local path as file://, so that it survives parsing.
func fileURI(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	u := url.URL{Scheme: "file", Path: path}
	return u.String()
}
