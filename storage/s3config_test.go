package storage_test

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

func TestMissingCredentialsAndRegion(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := storage.Open(t.Context(), "s3://lake")
	want(t, err, storage.ErrInvalid)
	b := open(t, "s3://lake?endpoint=http://127.0.0.1:1")
	_, err = b.Stat(t.Context(), "x")
	want(t, err, storage.ErrPermission)
}

// The environment names the endpoint and the credentials; requests go there by
// path style, signed.
func TestEnvironment(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Run(name, func(t *testing.T) {
			var signed atomic.Bool
			s3 := storagetest.NewS3(t)
			uri := storagetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				signed.Store(strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDEXAMPLE/"))
				s3.ServeHTTP(w, r)
			}))
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
			t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "canary")
			t.Setenv("AWS_REGION", "")
			t.Setenv("AWS_DEFAULT_REGION", "")
			t.Setenv(name, endpointOf(t, uri))
			b := open(t, "s3://lake/p")
			put(t, b, "x", []byte("hello"))
			if got := get(t, b, "x"); got != "hello" || !signed.Load() {
				t.Errorf("%q, signed %v", got, signed.Load())
			}
		})
	}
}

// A store with a certificate of its own is trusted where AWS_CA_BUNDLE says
// so, and no attempt is repeated where it is not.
func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(storagetest.NewS3(t))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	folder := storagetest.FolderURI(server.URL)
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	attrs, err := open(t, folder).Stat(t.Context(), "x")
	want(t, err, storage.ErrInvalid)
	if attrs.Attempts != 1 {
		t.Errorf("%d attempts", attrs.Attempts)
	}
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	b := open(t, folder)
	put(t, b, "x", payload(parts))
	if got := get(t, b, "x"); got != string(payload(parts)) {
		t.Error("the object differs")
	}
	// The server does not know checksums behind the body.
	spoiled := open(t, folder+"&request_checksum_calculation=when_supported")
	want(t, spoiled.ProbeCreateOnce(t.Context(), ""), storage.ErrUnsupported)
}
