package doctor_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/jobs/doctor"
	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// places examines stores alone: without a library nothing else takes time.
func places(t *testing.T, read, write []string) (map[string]doctor.Finding, error) {
	t.Helper()
	o := doctor.Options{Read: read, Write: write, ScratchDir: t.TempDir()}
	o.Library = filepath.Join(t.TempDir(), "none")
	return examine(t, o)
}

func TestLocalPlaces(t *testing.T) {
	base := t.TempDir()
	file, full, empty := filepath.Join(base, "full", "x.txt"), filepath.Join(base, "full"), filepath.Join(base, "empty")
	for _, folder := range []string{full, empty} {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	spelled := (&url.URL{Scheme: "file", Path: full}).String()
	all, _ := places(t, []string{file, full, full + "/", spelled, empty, base + "/none", file + "/x"}, []string{full, base + "/new/deep", spelled + "/new", file})
	expect(t, all, "read "+file, doctor.OK, "an object of 5 bytes")
	expect(t, all, "read "+full, doctor.OK, "can be listed and read")
	expect(t, all, "read "+full+"/", doctor.OK, "can be listed and read")
	expect(t, all, "read "+spelled, doctor.OK, "can be listed and read")
	expect(t, all, "read "+empty, doctor.Warn, "an empty folder")
	expect(t, all, "read "+base+"/none", doctor.Fail, "does not exist")
	expect(t, all, "read "+file+"/x", doctor.Fail, "")
	expect(t, all, "write "+full, doctor.OK, "created once")
	expect(t, all, "write "+base+"/new/deep", doctor.OK, "created once")
	expect(t, all, "write "+spelled+"/new", doctor.OK, "created once")
	expect(t, all, "write "+file, doctor.Fail, "a folder of this path is a file")
	if all["write "+full].Seconds <= 0 || all["read "+file].Seconds <= 0 {
		t.Error("it takes no time")
	}
	var left []string
	filepath.WalkDir(base, func(path string, _ os.DirEntry, _ error) error {
		left = append(left, strings.TrimPrefix(path, base))
		return nil
	})
	if got := strings.Join(left, " "); got != " /empty /full /full/x.txt" {
		t.Errorf("left behind: %s", got)
	}
}

func TestAFolderThatMayNotBeWritten(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("SKIPPED, NOT PASSED: permissions do not bind root")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	all, err := places(t, nil, []string{folder})
	if !errors.Is(err, jobs.ErrConfig) || !errors.Is(all["write "+folder].Err, storage.ErrPermission) {
		t.Errorf("%v, %+v", err, all)
	}
}

func TestBuckets(t *testing.T) {
	folder := storagetest.S3(t)
	at := func(path string) string { return strings.Replace(folder, "?", path+"?", 1) }
	b, err := storage.Open(t.Context(), at("/full"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.CreateOnce(t.Context(), "x", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	name := func(path string) string { return "s3://" + storagetest.Bucket + path }
	all, _ := places(t, []string{at("/full/x"), at("/full"), at("/nothing"), "s3://pond?" + strings.SplitN(folder, "?", 2)[1]}, []string{at("/out"), "s3://pond/out?" + strings.SplitN(folder, "?", 2)[1]})
	expect(t, all, "read "+name("/full/x"), doctor.OK, "an object of 5 bytes")
	expect(t, all, "read "+name("/full"), doctor.OK, "can be listed and read")
	expect(t, all, "read "+name("/nothing"), doctor.Fail, "does not exist")
	expect(t, all, "read s3://pond", doctor.Fail, "make the bucket first")
	expect(t, all, "write "+name("/out"), doctor.OK, "created once")
	expect(t, all, "write s3://pond/out", doctor.Fail, "make the bucket first")
	for object, err := range b.List(t.Context(), "") {
		if err != nil || object.Key != "x" {
			t.Errorf("left behind: %s, %v", object.Key, err)
		}
	}
}

// TestWhatStoresSayHasACure: each answer of a store leads to a hint.
func TestWhatStoresSayHasACure(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary")
	for code, hint := range map[string]string{
		"403 RequestTimeTooSkewed": "clock", "400 AuthorizationHeaderMalformed": "another region", "403 InvalidAccessKeyId": "AWS_ACCESS_KEY_ID",
		"403 SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY", "400 ExpiredToken": "expired", "404 NoSuchBucket": "make the bucket first", "503 SlowDown": "try again later",
	} {
		status, name, _ := strings.Cut(code, " ")
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(map[string]int{"400": 400, "403": 403, "404": 404, "503": 503}[status])
			w.Write([]byte("<Error><Code>" + name + "</Code><Message>no</Message></Error>"))
		}))
		all, _ := places(t, []string{"s3://b/p?endpoint=" + server.URL}, []string{"s3://b/p?endpoint=" + server.URL})
		server.Close()
		expect(t, all, "read s3://b/p", doctor.Fail, hint)
		expect(t, all, "write s3://b/p", doctor.Fail, hint)
	}
}

// TestWhatMayPass has another kind than what does not.
func TestWhatMayPass(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	o := options(t)
	o.Read = []string{"s3://b/p?endpoint=http://127.0.0.1:1"}
	all, err := examine(t, o)
	if !errors.Is(err, storage.ErrTransient) || errors.Is(err, jobs.ErrConfig) {
		t.Error(err)
	}
	expect(t, all, "read s3://b/p", doctor.Fail, "look at the network")
	if _, err = places(t, nil, []string{"ftp://h/x?token=canary"}); !errors.Is(err, jobs.ErrConfig) || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func TestImagesOfTheWeb(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	all, _ := places(t, []string{server.URL + "/x?sig=canary", "http://u:canary@h/x"}, []string{server.URL})
	expect(t, all, "read "+server.URL+"/x?sig=redacted", doctor.Fail, "loopback address")
	expect(t, all, "read http://h/x", doctor.Fail, "credentials do not belong")
	expect(t, all, "write "+server.URL, doctor.Fail, "copy the file")
}
