package storage_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

// endpointOf is the endpoint option of a folder URI.
func endpointOf(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("endpoint")
}

func TestSplitURI(t *testing.T) {
	cases := []struct{ uri, folder, name string }{
		{"x.txt", ".", "x.txt"},
		{"a/x.txt", "a", "x.txt"},
		{"a//x.txt", "a", "x.txt"},
		{"./x.txt", ".", "x.txt"},
		{"/x.txt", "/", "x.txt"},
		{"/a b/c?d#e%20", "/a b", "c?d#e%20"},
		{"s3:/x", "s3:", "x"},
		{"file:///a%20b/c%3Fd.txt", "file:///a%20b", "c?d.txt"},
		{"file://localhost/a/x", "file:///a", "x"},
		{"file:///x", "file:///", "x"},
		{"mem://m/x", "mem://m", "x"},
		{"mem://m/p/x", "mem://m/p", "x"},
		{"s3://b/x.txt", "s3://b", "x.txt"},
		{"S3://b/x.txt", "s3://b", "x.txt"},
		{"s3://b/p/x.txt?region=r&endpoint=http://h:1/q", "s3://b/p?region=r&endpoint=http://h:1/q", "x.txt"},
		{"s3://b/a b+c%20d?.jpg", "s3://b", "a b+c%20d?.jpg"},
		{"s3://b/p?/x#y?.jpg?region=r", "s3://b/p??region=r", "x#y?.jpg"},
		{"s3://b//x", "s3://b", "/x"},
		{"s3://b/a//x", "s3://b/a", "/x"},
		{"s3://b/p?/x?a=b&y?.jpg", "s3://b/p?", "x?a=b&y?.jpg"},
	}
	for _, c := range cases {
		folder, name, err := storage.SplitURI(c.uri)
		if err != nil || folder != c.folder || name != c.name {
			t.Errorf("%s: %q, %q, %v; want %q, %q", c.uri, folder, name, err, c.folder, c.name)
		}
	}
}

func TestMalformedURIs(t *testing.T) {
	cases := map[string]error{
		"":                                     storage.ErrInvalid,
		"a\x00b":                               storage.ErrInvalid,
		"ftp://h/x":                            storage.ErrInvalid,
		"s3://":                                storage.ErrInvalid,
		"s3:///x":                              storage.ErrInvalid,
		"mem:///x":                             storage.ErrInvalid,
		"mem://m/x?a=b":                        storage.ErrInvalid,
		"s3://key:canary@b/x":                  storage.ErrInvalid,
		"s3://b:80/x":                          storage.ErrInvalid,
		"s3://b/x?colour=canary":               storage.ErrInvalid,
		"s3://b/x?use_path_style=canary":       storage.ErrInvalid,
		"s3://b/x?endpoint=canary":             storage.ErrInvalid,
		"s3://b/x?endpoint=http://u:canary@h/": storage.ErrInvalid,
		"s3://b/x?region=%zz":                  storage.ErrInvalid,
		"file://host/x":                        storage.ErrInvalid,
		"file://x":                             storage.ErrInvalid,
		"file:///a%zz":                         storage.ErrInvalid,
		"file:///a?b":                          storage.ErrInvalid,
		"file:///a%00b":                        storage.ErrInvalid,
		"http://h/x?sig=canary":                storage.ErrUnsupported,
		"https://u:canary@h/x":                 storage.ErrUnsupported,
		"gs://b/x?colour=canary":               storage.ErrInvalid,
		"gs://b/x?anonymous=canary":            storage.ErrInvalid,
		"gs://b/x?endpoint=http://h:1":         storage.ErrInvalid, // a token does not go over http
		"gs://b/x?endpoint=https://u:canary@h": storage.ErrInvalid,
		"azblob://c/x?sig=canary":              storage.ErrInvalid,
		"az://c/x?storage_account=a&protocol=canary":   storage.ErrInvalid,
		"az://c/x?storage_account=a&storage_account=b": storage.ErrInvalid,
		"abfss://c/x": storage.ErrInvalid,
		"abfss://u:canary@a.dfs.core.windows.net/x": storage.ErrInvalid,
		"az://c/x./y?storage_account=a":             storage.ErrInvalid,
	}
	for uri, kind := range cases {
		b, err := storage.Open(t.Context(), uri)
		want(t, err, kind)
		if b != nil {
			t.Errorf("%q was opened", uri)
		}
		if err != nil && strings.Contains(err.Error(), "canary") && !strings.Contains(uri, "_style=") {
			t.Errorf("%q: the error tells: %v", uri, err)
		}
	}
	for _, uri := range []string{"", "/", "a/", ".", "a/..", "s3://b", "s3://b/", "s3://b/p/", "mem://m", "file:///", "file:///a/",
		"s3://b/p?region=b/x&y"} {
		if folder, name, err := storage.SplitURI(uri); err == nil {
			t.Errorf("%q is split into %q and %q", uri, folder, name)
		}
	}
}

func TestUnknownSchemeNamesTheKnown(t *testing.T) {
	_, err := storage.Open(t.Context(), "hdfs://h/x")
	for _, scheme := range []string{"file://", "mem://", "s3://"} {
		if err == nil || !strings.Contains(err.Error(), scheme) {
			t.Errorf("%v does not name %s", err, scheme)
		}
	}
}

func TestIsLocal(t *testing.T) {
	for uri, wanted := range map[string]bool{"a/b": true, "/a": true, "file:///a": true, "FILE:///a": true, "s3:/a": true,
		"s3://b/a": false, "mem://m/a": false, "https://h/a": false} {
		if storage.IsLocal(uri) != wanted {
			t.Errorf("%s: %v", uri, !wanted)
		}
	}
}

func TestBucketURI(t *testing.T) {
	cases := map[string]string{
		"/":                                    "/",
		"a/b/":                                 "a/b",
		"/a b":                                 "/a b",
		"file:///a%20b/":                       "file:///a%20b",
		"mem://m/":                             "mem://m",
		"s3://b/p/?region=r&endpoint=http://h": "s3://b/p",
		"s3://b?region=canary":                 "s3://b",
	}
	for uri, wanted := range cases {
		if got := open(t, uri).URI(); got != wanted {
			t.Errorf("%s: %s, want %s", uri, got, wanted)
		}
	}
}

func TestSpellingsOfAFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a b%20?#ü")
	put(t, open(t, folder), "x", []byte("hello"))
	u := url.URL{Scheme: "file", Path: folder}
	t.Chdir(filepath.Dir(folder))
	for _, uri := range []string{u.String(), folder + "/", filepath.Base(folder), "./" + filepath.Base(folder)} {
		if got := get(t, open(t, uri), "x"); got != "hello" {
			t.Errorf("%s: %q", uri, got)
		}
	}
}

func TestMemoryIsSharedByName(t *testing.T) {
	put(t, open(t, "mem://shared"), "p/x", []byte("hello"))
	if got := get(t, open(t, "mem://shared/p"), "x"); got != "hello" {
		t.Errorf("%q", got)
	}
	_, err := open(t, "mem://another").Stat(t.Context(), "p/x")
	want(t, err, storage.ErrNotExist)
}

func TestRedact(t *testing.T) {
	cases := map[string]string{
		"/a/b?c=d.jpg":                                    "/a/b?c=d.jpg",
		"/a/b?sig=canary&c=d":                             "/a/b?sig=redacted&c=d",
		"s3://b/k":                                        "s3://b/k",
		"s3://b/what?.jpg":                                "s3://b/what?.jpg",
		"s3://b/k?X-Amz-Signature=canary":                 "s3://b/k",
		"s3://b/k?endpoint=http://u:canary@h":             "s3://b/k",
		"s3://id:canary@b/k":                              "s3://b/k",
		"s3://id:can/ary@b/k":                             "s3://b/k",
		"s3://id:canary":                                  "s3://",
		"https://u:canary@h:80/x?canary#canary":           "https://h:80/x?redacted",
		"https://h:80/x":                                  "https://h:80/x",
		"https://h/x#canary":                              "https://h/x",
		"azblob://c/x?sv=1&sig=canary":                    "azblob://c/x",
		"az://c/a#b?.jpg":                                 "az://c/a#b?.jpg",
		"abfss://c@a.dfs.core.windows.net/x#y?sig=canary": "abfss://c@a.dfs.core.windows.net/x#y",
		"abfss://u:canary@a.dfs.core.windows.net/":        "abfss://a.dfs.core.windows.net/",
		"see https://u:canary@h/x?token=canary ok":        "see https://h/x?token=redacted ok",
	}
	for uri, wanted := range cases {
		if got := storage.Redact(uri); got != wanted {
			t.Errorf("%s: %s, want %s", uri, got, wanted)
		}
	}
}

// FuzzSplitURI: what can be split names the same object in both spellings.
func FuzzSplitURI(f *testing.F) {
	for _, uri := range []string{"a/b", "/a//b/../c", "s3://b/p/x?region=r", "s3://b//x//y", "mem://m/a/b", "file:///a%20/b", "s3://b?x=/y", "s3://b/a?b=c/d", "s3://0/0?0/1"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		folder, name, err := storage.SplitURI(uri)
		if err != nil {
			return
		}
		if name == "" || folder == "" {
			t.Fatalf("%q is split into %q and %q", uri, folder, name)
		}
		if !strings.Contains(folder, "://") {
			if filepath.Join(folder, name) != filepath.Clean(uri) {
				t.Fatalf("%q is split into %q and %q", uri, folder, name)
			}
			return
		}
		if strings.HasPrefix(folder, "file:") {
			return // spelled anew
		}
		object, err := storage.Parse(uri)
		if err != nil {
			t.Fatal(err)
		}
		parent, err := storage.Parse(folder)
		if err != nil {
			t.Fatalf("%q is split into %q: %v", uri, folder, err)
		}
		if parent.Path != "" {
			parent.Path += "/"
		}
		parent.Path += name
		if parent != object {
			t.Fatalf("%q is %+v, and split into %q and %q it is %+v", uri, object, folder, name, parent)
		}
	})
}

// FuzzRedact: a secret in any of the places where secrets are does not come
// through, neither redacted nor in the errors about the URI.
func FuzzRedact(f *testing.F) {
	for _, scheme := range []string{"s3", "https", "azblob", "abfss", "gs", "mem", "file", "x"} {
		f.Add(scheme, "host", "p/a b?.jpg", "&x=y")
	}
	f.Add("s3", "", "", "")
	f.Add("s3", "a@b:c", "/@/", "?&=@")
	f.Fuzz(func(t *testing.T, scheme, host, path, rest string) {
		const canary = "c4n4ry5ecret"
		if strings.Contains(scheme+host+path+rest, "\n") || strings.ContainsAny(scheme, ":/?#@&= ") || strings.ContainsAny(host, "/?#") || scheme == "" {
			return
		}
		uris := []string{scheme + "://user:" + canary + "@" + host + "/" + path}
		for _, name := range []string{"X-Amz-Signature", "sig", "token", "X-Amz-Security-Token", "password", "x-goog-signature"} {
			uris = append(uris, scheme+"://"+host+"/"+path+"?"+name+"="+canary+rest, path+"?a=b&"+name+"="+canary)
		}
		objects := storage.NewObjects(storage.ObjectsOptions{Base: "mem://nothing"})
		defer objects.Close()
		for _, uri := range uris {
			if got := storage.Redact(uri); strings.Contains(got, canary) {
				t.Errorf("%q becomes %q", uri, got)
			}
			if _, _, err := storage.SplitURI(uri); err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("%q: %v", uri, err)
			}
			if strings.EqualFold(scheme, "s3") {
				continue // would ask the network
			}
			if _, _, err := objects.Read(t.Context(), uri, nil, 10); err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("%q: %v", uri, err)
			}
		}
	})
}
