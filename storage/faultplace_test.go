package storage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// withEndpoint is a folder URI with another endpoint.
func withEndpoint(t *testing.T, folder, endpoint string) string {
	t.Helper()
	bucket, query, _ := strings.Cut(folder, "?")
	options, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	old, err := url.Parse(options.Get("endpoint"))
	if err != nil {
		t.Fatal(err)
	}
	options.Set("endpoint", endpoint+old.Path)
	return bucket + "?" + options.Encode()
}

// refusal is what a read of x and a listing of the folder end with.
func refusal(t *testing.T, b *storage.Bucket) error {
	t.Helper()
	_, _, err := b.ReadAll(t.Context(), "x", 10)
	if err == nil {
		t.Error("x was read")
	}
	for _, listing := range b.List(t.Context(), "") {
		if (listing == nil) != (err == nil) || errors.Is(listing, storage.ErrTransient) != errors.Is(err, storage.ErrTransient) {
			t.Errorf("listing %v, reading %v", listing, err)
		}
	}
	return err
}

// What is wrong for all objects is told as a setting: no image is to blame.
func TestEveryVendorsStoreIsElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		fault storagetest.Fault
		kinds []error
	}{
		"301":                {storagetest.Status(301, "PermanentRedirect"), []error{storage.ErrSettings, storage.ErrInvalid}},
		"a portal":           {storagetest.Saying(302, "text/html", page), []error{storage.ErrSettings, storage.ErrInvalid}},
		"another for a time": {storagetest.Status(307, "TemporaryRedirect"), []error{storage.ErrTransient}},
	} {
		t.Run(name, func(t *testing.T) {
			everyVendor(t, nil, func(t *testing.T, _ vendor, f *storagetest.Front, b *storage.Bucket) {
				f.Always("GET", "", c.fault)
				for _, kind := range c.kinds {
					want(t, refusal(t, b), kind)
				}
			})
		})
	}
}

func TestS3InAnotherRegion(t *testing.T) {
	f, b := front(t, nil)
	f.Always("GET", "", storagetest.Status(400, "AuthorizationHeaderMalformed"))
	want(t, refusal(t, b), storage.ErrSettings)
}

// The service of keys has a limit of its own, and says so with status 400.
func TestS3KeysThatAreThrottledPass(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "KMS.ThrottlingException", "RequestLimitExceeded"} {
		f, b := front(t, []byte("hello"))
		f.Once("GET", "/x", storagetest.Status(400, code))
		if got := get(t, b, "x"); got != "hello" {
			t.Errorf("%s: %q", code, got)
		}
	}
}

func TestEveryVendorsCertificates(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, v := range vendors {
		folder := v.folder(t)
		untrusted := refusal(t, open(t, withEndpoint(t, folder, secure.URL)))
		for _, kind := range []error{storage.ErrSettings, storage.ErrInvalid} {
			if !errors.Is(untrusted, kind) {
				t.Errorf("%s: %v", v.name, untrusted)
			}
		}
		if err := refusal(t, open(t, withEndpoint(t, folder, strings.Replace(plain.URL, "http:", "https:", 1)))); !errors.Is(err, storage.ErrTransient) {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// An upload tries a store once that no further try would reach.
func TestEveryVendorsUploadToAForeignCertificate(t *testing.T) {
	for _, v := range vendors {
		var connections atomic.Int32
		secure := httptest.NewUnstartedServer(http.NotFoundHandler())
		secure.Config.ErrorLog = log.New(io.Discard, "", 0)
		secure.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		secure.StartTLS()
		defer secure.Close()
		err := write(t, open(t, withEndpoint(t, v.folder(t), secure.URL)), "y", payload(1000))
		if n := connections.Load(); !errors.Is(err, storage.ErrSettings) || n != 1 {
			t.Errorf("%s: %d connections: %v", v.name, n, err)
		}
	}
}

// Names that cannot be resolved, from the begin or from some moment on, pass.
func TestEveryVendorsNameIsGone(t *testing.T) {
	var gone atomic.Bool
	names := nameServer(t, func() [4]byte { return [4]byte{127, 0, 0, 1} })
	system := net.DefaultResolver
	defer func() { net.DefaultResolver = system }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if gone.Load() {
			return nil, errors.New("no route to the name server")
		}
		return names.Dial(ctx, network, address)
	}}
	for _, v := range vendors {
		gone.Store(false)
		f, folder := storagetest.Behind(t, v.folder(t))
		here, err := url.Parse(endpointOf(t, folder))
		if err != nil {
			t.Fatal(err)
		}
		want(t, refusal(t, open(t, withEndpoint(t, folder, "http://missing.example:"+here.Port()))), storage.ErrTransient)
		b := open(t, withEndpoint(t, folder, "http://store.example:"+here.Port()))
		if v.name != "az" { // Azurite takes the name of a host for an account
			put(t, b, "x", []byte("hello"))
			v.read.once(f, "x", storagetest.Idle)
			if got := get(t, b, "x"); got != "hello" {
				t.Errorf("%s: %q", v.name, got)
			}
		}
		gone.Store(true)
		f.Always("GET", "", storagetest.Reset) // no connection outlives it
		if err := refusal(t, b); !errors.Is(err, storage.ErrTransient) {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// A connection that the store closed while it was idle is replaced.
func TestEveryVendorsIdleConnections(t *testing.T) {
	everyVendor(t, []byte("hello"), func(t *testing.T, v vendor, f *storagetest.Front, b *storage.Bucket) {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
			f.Always(method, "", storagetest.Idle)
		}
		for i := range 5 {
			key := fmt.Sprint("y", i)
			put(t, b, key, []byte("hello"))
			if stored, err := b.CreateOnce(t.Context(), key+".json", []byte("ours")); err != nil || string(stored) != "ours" {
				t.Errorf("stored %q, %v", stored, err)
			}
			if got := get(t, b, key); got != "hello" {
				t.Errorf("%q", got)
			}
			if err := b.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
	})
}

// A signature whose time is over is refused for every object, and none is to blame.
func TestAzureSignatureThatRanOut(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.Azure(t))
	b := open(t, folder)
	for detail, refused := range map[string]bool{
		"Signature not valid in the specified time frame: Start [Thu, 01 Jan 2026 00:00:00 GMT] - Expiry [Fri, 02 Jan 2026 00:00:00 GMT]": false,
		"The MAC signature found in the HTTP request is not the same as any computed signature":                                           true,
	} {
		f.Once("GET", "/x", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("x-ms-error-code", "AuthenticationFailed")
			storagetest.Saying(403, "application/xml", "<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>"+
				detail+"</AuthenticationErrorDetail></Error>")(w, r, next)
		})
		_, _, err := b.ReadAll(t.Context(), "x", 10)
		want(t, err, storage.ErrAzureCredentials)
		if errors.Is(err, storage.ErrRefused) != refused {
			t.Errorf("%q: %v", detail, err)
		}
	}
}

// A role's credentials that have run out are asked for anew.
func TestAmazonsCredentialsAreRenewed(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t0k3n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "eu-west-1",
		"AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": token} {
		t.Setenv(name, value)
	}
	given := 0
	service := storagetest.NewFront(nil)
	service.Always("POST", "", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		given++
		storagetest.Saying(200, "text/xml", fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>`+
			`<AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>session %d</SessionToken><Expiration>%s</Expiration>`+
			`</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, given, time.Now().UTC().Format(time.RFC3339)))(w, r, next)
	})
	t.Setenv("AWS_ENDPOINT_URL_STS", endpointOf(t, storagetest.Serve(t, service)))
	store := storagetest.NewFront(storagetest.NewS3(t))
	var sessions []string
	store.Always("GET", "/x", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sessions = append(sessions, r.Header.Get("X-Amz-Security-Token"))
		next.ServeHTTP(w, r)
	})
	folder := storagetest.Serve(t, store)
	put(t, open(t, folder), "x", []byte("hello"))
	b := open(t, "s3://"+storagetest.Bucket+"?endpoint="+endpointOf(t, folder))
	for range 2 {
		if got := get(t, b, "x"); got != "hello" {
			t.Errorf("%q", got)
		}
	}
	if len(sessions) != 2 || sessions[0] == sessions[1] {
		t.Errorf("sessions %q", sessions)
	}
}
