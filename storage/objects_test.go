package storage_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func objects(t *testing.T, options storage.ObjectsOptions) *storage.Objects {
	if options.Retry == (storage.Policy{}) {
		options.Retry = quick
	}
	o := storage.NewObjects(options)
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// reads checks that each URI yields the text.
func reads(t *testing.T, o *storage.Objects, text string, uris ...string) {
	t.Helper()
	for _, uri := range uris {
		body, attrs, err := o.Read(t.Context(), uri, nil, 1<<20)
		if err != nil || string(body) != text || attrs.Size != int64(len(text)) || attrs.Version == "" || attrs.Attempts != 1 {
			t.Errorf("%s: %q, %+v, %v", uri, body, attrs, err)
		}
	}
}

func refuses(t *testing.T, o *storage.Objects, kind error, uris ...string) {
	t.Helper()
	for _, uri := range uris {
		body, _, err := o.Read(t.Context(), uri, make([]byte, 9), 1<<20)
		want(t, err, kind)
		if len(body) != 0 {
			t.Errorf("%s: %q", uri, body)
		}
	}
}

func TestObjectsOfALocalManifest(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	b := open(t, folder)
	u := url.URL{Scheme: "file", Path: folder}
	local := objects(t, storage.ObjectsOptions{Base: folder})
	spelled := objects(t, storage.ObjectsOptions{Base: u.String()})
	for _, name := range names {
		put(t, b, "d/"+name, []byte(name))
		u := url.URL{Scheme: "file", Path: folder + "/d/" + name}
		for _, o := range []*storage.Objects{local, spelled} {
			reads(t, o, name, "d/"+name, "./d/"+name, folder+"/d/"+name, u.String())
		}
	}
	put(t, open(t, elsewhere), "x", []byte("elsewhere"))
	reads(t, local, "elsewhere", elsewhere+"/x", filepath.Join("..", filepath.Base(elsewhere), "x"))
	put(t, open(t, "mem://objects"), "p/x", []byte("memory"))
	reads(t, local, "memory", "mem://objects/p/x")
	if err := os.WriteFile(folder+"/bad\xffutf8", []byte("raw"), 0o666); err != nil {
		t.Fatal(err)
	}
	reads(t, local, "raw", "bad\xffutf8")
}

func TestObjectsRefuseWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	put(t, open(t, folder), "d/x", []byte("x"))
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*storage.Objects{
		objects(t, storage.ObjectsOptions{Base: folder}),
		objects(t, storage.ObjectsOptions{Base: "mem://m", AllowRoots: []string{folder, "/dev"}}),
	} {
		refuses(t, o, storage.ErrInvalid, folder, folder+"/d", folder+"/pipe", "/dev/zero", "/dev", "", "x\x00y", "s3://", "ftp://h/x", "mem://m/", "mem://m?a=b", "file://h/x")
		refuses(t, o, storage.ErrNotExist, folder+"/nothing", folder+"/d/x/y", "mem://m/nothing")
		refuses(t, o, storage.ErrNotAllowed, "https://h/x", "http://169.254.169.254/latest")
	}
}

func TestObjectsOfARemoteManifest(t *testing.T) {
	folder := storagetest.S3(t)
	b := open(t, strings.Replace(folder, "?", "/p?", 1))
	remote := objects(t, storage.ObjectsOptions{Base: strings.Replace(folder, "?", "/p?", 1)})
	for _, name := range names {
		put(t, b, "d/"+name, []byte(name))
		reads(t, remote, name, "d/"+name, "s3://"+storagetest.Bucket+"/p/d/"+name)
	}
	refuses(t, remote, storage.ErrPermission, "/etc/passwd", "file:///etc/passwd")
	refuses(t, remote, storage.ErrNotExist, "d/nothing", "../../etc/passwd", "s3://"+storagetest.Bucket+"/x?region=eu")
	refuses(t, remote, storage.ErrNoBucket, "s3://pond/x")
	refuses(t, remote, storage.ErrInvalid, "bad\xffutf8", "s3://"+storagetest.Bucket+"/bad\xffutf8", "mem://m/bad\xffutf8")
	// An option in a manifest must not choose where the next rows are read.
	refuses(t, remote, storage.ErrInvalid, "s3://"+storagetest.Bucket+"?endpoint=http://127.0.0.1:1/x")
	reads(t, remote, "a b", "s3://"+storagetest.Bucket+"/p/d/a b")
	allowed := objects(t, storage.ObjectsOptions{Base: folder, AllowLocal: true})
	local := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(local, []byte("local"), 0o666); err != nil {
		t.Fatal(err)
	}
	reads(t, allowed, "local", local)
}

func TestObjectsUnderAllowedRoots(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	secret := filepath.Join(base, "secret")
	for path, text := range map[string]string{root + "/d/x": "inside", secret: "outside", base + "/rootless/x": "outside"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"root/out": secret, "root/up": "../secret", "root/in": "d/x", "root/abs": root + "/d/x",
		"root/folder": base, "alias": root, "intoroot": root + "/d/x"} {
		if err := os.Symlink(target, filepath.Join(base, name)); err != nil {
			t.Fatal(err)
		}
	}
	o := objects(t, storage.ObjectsOptions{Base: "mem://m", AllowRoots: []string{root}})
	u := url.URL{Scheme: "file", Path: root + "/d/x"}
	reads(t, o, "inside", root+"/d/x", root+"/d/../d//x", root+"/in", root+"/abs", base+"/alias/d/x", base+"/intoroot", u.String(),
		base+"/rootless/../root/d/x")
	refuses(t, o, storage.ErrPermission, secret, root+"/../secret", root+"/out", root+"/up", root+"/folder/secret", base+"/rootless/x",
		base+"/nothing", "/etc/passwd", "file://"+root+"/%2e%2e/secret")
	refuses(t, o, storage.ErrNotExist, root+"/nothing", root+"/d/x/y")
	linked := objects(t, storage.ObjectsOptions{Base: "mem://m", AllowRoots: []string{base + "/nowhere", base + "/alias"}})
	reads(t, linked, "inside", root+"/d/x", base+"/alias/in")
	refuses(t, linked, storage.ErrPermission, secret, base+"/alias/out")
}

func TestObjectsWithoutABase(t *testing.T) {
	o := objects(t, storage.ObjectsOptions{})
	refuses(t, o, storage.ErrInvalid, "x", "a/b")
	refuses(t, o, storage.ErrPermission, "/etc/passwd")
	broken := objects(t, storage.ObjectsOptions{Base: "ftp://h/x"})
	refuses(t, broken, storage.ErrInvalid, "/etc/passwd", "mem://m/x")
	policy := objects(t, storage.ObjectsOptions{Base: "/", Retry: storage.Policy{Attempts: -1}})
	refuses(t, policy, storage.ErrInvalid, "/etc/passwd")
}

func TestObjectsReuseTheBuffer(t *testing.T) {
	folders := map[string]string{"file": t.TempDir(), "memory": "mem://buffer", "s3": storagetest.S3(t)}
	for name, folder := range folders {
		t.Run(name, func(t *testing.T) {
			b := open(t, folder)
			put(t, b, "large", payload(100_000))
			put(t, b, "small", payload(10))
			o := objects(t, storage.ObjectsOptions{Base: folder})
			buf, _, err := o.Read(t.Context(), "large", nil, 100_000)
			if err != nil {
				t.Fatal(err)
			}
			first := &buf[0]
			for _, key := range []string{"small", "large", "small"} {
				buf, _, err = o.Read(t.Context(), key, buf, 100_000)
				if err != nil || &buf[0] != first {
					t.Errorf("%s: the memory is another one, %v", key, err)
				}
			}
			buf, attrs, err := o.Read(t.Context(), "large", buf, 99_999)
			want(t, err, storage.ErrTooLarge)
			if cap(buf) < 100_000 || len(buf) != 0 || attrs.Size != 100_000 {
				t.Errorf("the memory is lost: %d of %d, %+v", len(buf), cap(buf), attrs)
			}
		})
	}
}

func TestObjectsMakeOneRequest(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	folder := storagetest.Serve(t, f)
	put(t, open(t, folder), "x", payload(1000))
	before := f.Requests("HEAD", "")
	o := objects(t, storage.ObjectsOptions{Base: folder})
	for range 3 {
		if _, _, err := o.Read(t.Context(), "x", nil, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if gets, heads, lists := f.Requests("GET", "/x"), f.Requests("HEAD", "")-before, f.Requests("GET", ""); gets != 3 || heads != 0 || lists != 3 {
		t.Errorf("3 reads made %d GET, %d HEAD, %d in all", gets, heads, lists)
	}
}

func TestObjectsReportBackoff(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	folder := storagetest.Serve(t, f)
	put(t, open(t, folder), "x", payload(1000))
	f.Once("GET", "/x", storagetest.Status(503, "SlowDown"), storagetest.Truncate(99))
	f.Always("GET", "/gone", storagetest.Status(503, "SlowDown"))
	var mu sync.Mutex
	told := map[string]int{}
	o := objects(t, storage.ObjectsOptions{Base: folder, OnBackoff: func(uri string, _ int, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		told[uri]++
	}})
	body, attrs, err := o.Read(t.Context(), "x", nil, 1000)
	if err != nil || len(body) != 1000 || attrs.Attempts != 3 {
		t.Errorf("%d bytes, %+v, %v", len(body), attrs, err)
	}
	_, attrs, err = o.Read(t.Context(), "gone", nil, 1000)
	want(t, err, storage.ErrTransient)
	if attrs.Attempts != quick.Attempts || told["s3://lake/x"] != 2 || told["s3://lake/gone"] != quick.Attempts-1 {
		t.Errorf("attempts %d, told %v", attrs.Attempts, told)
	}
}

// A body of unknown length is read to its end, within the limit.
func TestObjectsOfUnknownLength(t *testing.T) {
	f := storagetest.NewFront(storagetest.NewS3(t))
	folder := storagetest.Serve(t, f)
	put(t, open(t, folder), "x", payload(300_000))
	f.Always("GET", "/x", storagetest.WithoutLength)
	o := objects(t, storage.ObjectsOptions{Base: folder})
	body, attrs, err := o.Read(t.Context(), "x", nil, 300_000)
	if err != nil || string(body) != string(payload(300_000)) || attrs.Size != 300_000 {
		t.Errorf("%d bytes, %+v, %v", len(body), attrs, err)
	}
	_, _, err = o.Read(t.Context(), "x", nil, 299_999)
	want(t, err, storage.ErrTooLarge)
}

func TestObjectsConcurrently(t *testing.T) {
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			folder := uri(t)
			b := open(t, folder)
			for _, key := range []string{"a", "b"} {
				put(t, b, key, []byte(strings.Repeat(key, 1000)))
			}
			o := objects(t, storage.ObjectsOptions{Base: folder})
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					key := string("ab"[i%2])
					var buf []byte
					for range 20 {
						var err error
						buf, _, err = o.Read(context.Background(), key, buf, 1000)
						if err != nil || string(buf) != strings.Repeat(key, 1000) {
							t.Errorf("%s: %v", key, err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}
