package storage_test

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
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

// answering is a store that gives every request the same answer.
func answering(t *testing.T, status int, kind, body string) *storage.Bucket {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return open(t, "gs://lake?anonymous=true&endpoint="+server.URL)
}

// Google's own words: structured for metadata, plain for bodies.
func TestGoogleTellsAMissingBucket(t *testing.T) {
	const words = "The specified bucket does not exist."
	_, err := answering(t, 404, "application/json", `{"error":{"code":404,"message":"`+words+`","errors":[{"reason":"notFound"}]}}`).Stat(t.Context(), "x")
	want(t, err, storage.ErrNoBucket)
	_, _, err = answering(t, 404, "text/html; charset=UTF-8", words).ReadAll(t.Context(), "x", 10)
	want(t, err, storage.ErrNoBucket)
	_, err = answering(t, 404, "application/json", `{"error":{"code":404,"message":"No such object: lake/`+words+`"}}`).Stat(t.Context(), words)
	want(t, err, storage.ErrNotExist)
	if strings.Contains(err.Error(), storage.ErrNoBucket.Error()) {
		t.Error(err)
	}
}

// A quota that is used up for the moment is told as 403.
func TestGooglesRateLimitIsTransient(t *testing.T) {
	for _, reason := range []string{"rateLimitExceeded", "userRateLimitExceeded"} {
		_, err := answering(t, 403, "application/json", `{"error":{"code":403,"errors":[{"reason":"`+reason+`"}]}}`).Stat(t.Context(), "x")
		want(t, err, storage.ErrTransient)
	}
	_, err := answering(t, 403, "application/json", `{"error":{"code":403,"errors":[{"reason":"forbidden"}]}}`).Stat(t.Context(), "x")
	want(t, err, storage.ErrPermission)
}

// An object that is marked as gzip comes as it is stored.
func TestGoogleKeepsPackedObjectsPacked(t *testing.T) {
	folder := storagetest.GCS(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(payload(1000))
	w.Close()
	place, _, _ := strings.Cut(strings.TrimPrefix(folder, "gs://"), "?")
	target := endpointOf(t, folder) + "/upload/storage/v1/b/" + place + "/o?uploadType=media&contentEncoding=gzip&name=x"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, bytes.NewReader(packed.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "image/png")
	request.Close = true // a connection that is kept goes on for a while behind the test
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	data, attrs, err := open(t, folder).ReadAll(t.Context(), "x", -1)
	if err != nil || !bytes.Equal(data, packed.Bytes()) || attrs.Size != int64(packed.Len()) {
		t.Errorf("%d bytes of %d, %+v, %v", len(data), packed.Len(), attrs, err)
	}
}

func TestGoogleEmulatorOfTheEnvironment(t *testing.T) {
	folder := storagetest.GCS(t)
	bucket, _, _ := strings.Cut(folder, "?")
	for _, host := range []string{endpointOf(t, folder), strings.TrimPrefix(endpointOf(t, folder), "http://")} {
		t.Setenv("STORAGE_EMULATOR_HOST", host)
		b := open(t, bucket)
		put(t, b, "x", []byte("hello"))
		if got := get(t, b, "x"); got != "hello" {
			t.Errorf("%q", got)
		}
	}
}

// tokenServer gives tokens with this status, and counts how often it is asked.
func tokenServer(t *testing.T, status int) (address string, asked *atomic.Int32) {
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, `{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": 3600, "error": "invalid_grant"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// keyFile is the key of a service account whose tokens come from address.
func keyFile(t *testing.T, address string) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com", "private_key_id": "1", "token_uri": address,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A service account's token goes with every request, and is asked for once.
func TestGoogleCredentials(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.GCS(t))
	var signed atomic.Int32
	for _, method := range []string{"GET", "POST"} {
		f.Always(method, "", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Header.Get("Authorization") == "Bearer t0k3n" {
				signed.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	}
	folder = strings.Replace(folder, "anonymous=true", "anonymous=false", 1)
	for _, c := range []struct {
		status int
		kind   error
		asked  int
	}{{200, nil, 1}, {400, storage.ErrPermission, 1}, {401, storage.ErrPermission, 1}, {503, storage.ErrTransient, quick.Attempts}} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			address, asked := tokenServer(t, c.status)
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", keyFile(t, address))
			signed.Store(0)
			b := open(t, folder)
			_, err := b.Stat(t.Context(), "x")
			if c.kind == nil {
				put(t, b, "x", []byte("hello"))
				if got := get(t, b, "x"); got != "hello" || signed.Load() < 3 {
					t.Errorf("%q, %d requests signed", got, signed.Load())
				}
				c.kind = storage.ErrNotExist // of the first request
			}
			want(t, err, c.kind)
			if int(asked.Load()) != c.asked {
				t.Errorf("%d requests for a token", asked.Load())
			}
		})
	}
}

func TestGoogleWithoutCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, []byte(`{"type": "canary"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
	attrs, err := open(t, "gs://lake").Stat(t.Context(), "x")
	want(t, err, storage.ErrPermission)
	want(t, err, storage.ErrGoogleCredentials)
	if attrs.Attempts != 1 || strings.Contains(err.Error(), "canary") {
		t.Errorf("%d attempts: %v", attrs.Attempts, err)
	}
}

// Tries are counted anew with each part that the store took.
func TestGoogleCountsTheTriesOfAPart(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.GCS(t))
	pass := func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }
	trouble := append(faults(quick.Attempts-1, storagetest.Status(503, "SlowDown")), pass)
	for range 3 {
		f.Once("POST", "upload_id=", trouble...)
	}
	b := open(t, folder)
	put(t, b, "x", payload(parts))
	if got := get(t, b, "x"); got != string(payload(parts)) {
		t.Error("the object differs")
	}
	if n := f.Requests("POST", "upload_id="); n != 3*quick.Attempts {
		t.Errorf("%d requests for parts", n)
	}
}
