package storage_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// What a store says of the credentials is told from what it says of an object.
func TestEveryVendorTellsRefusedCredentials(t *testing.T) {
	cases := []struct {
		vendor, code string
		status       int
		kind         error
		refused      bool
	}{
		{"s3", "ExpiredToken", 400, storage.ErrAmazonCredentials, false},
		{"s3", "InvalidToken", 400, storage.ErrAmazonCredentials, false},
		{"s3", "InvalidAccessKeyId", 403, storage.ErrAmazonCredentials, false},
		{"s3", "SignatureDoesNotMatch", 403, storage.ErrAmazonCredentials, true},
		{"s3", "AccessDenied", 403, nil, false},
		{"gs", "authError", 401, nil, false}, // nobody signed: the object is not public
		{"gs", "forbidden", 403, nil, false},
		{"az", "InvalidAuthenticationInfo", 401, storage.ErrAzureCredentials, false},
		{"az", "AuthenticationFailed", 403, storage.ErrAzureCredentials, true},
		{"az", "AuthorizationPermissionMismatch", 403, nil, false},
	}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			f, folder := storagetest.Behind(t, v.folder(t))
			b := open(t, folder)
			for _, c := range cases {
				if c.vendor != v.name {
					continue
				}
				v.read.once(f, "x", storagetest.Status(c.status, c.code))
				_, _, err := b.ReadAll(t.Context(), "x", 10)
				want(t, err, storage.ErrPermission)
				if errors.Is(err, storage.ErrCredentials) != (c.kind != nil) || c.kind != nil && !errors.Is(err, c.kind) ||
					errors.Is(err, storage.ErrRefused) != c.refused {
					t.Errorf("%s: %v", c.code, err)
				}
			}
		})
	}
}

// The gateway checks signatures.
func TestAWrongSecretIsTold(t *testing.T) {
	folder := storagetest.VersityS3(t)
	for name, kind := range map[string]error{"AWS_SECRET_ACCESS_KEY": storage.ErrRefused, "AWS_ACCESS_KEY_ID": storage.ErrAmazonCredentials} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "another")
			_, _, err := open(t, folder).ReadAll(t.Context(), "x", 10)
			want(t, err, kind)
			want(t, err, storage.ErrAmazonCredentials)
		})
	}
}

// A role's credentials come from a service that may be in trouble.
func TestAmazonsServiceOfCredentials(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("t0k3n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "eu-west-1",
		"AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": token} {
		t.Setenv(name, value)
	}
	for fault, c := range map[string]struct {
		answer storagetest.Fault
		kind   error
	}{
		"down":    {storagetest.Status(503, "ServiceUnavailable"), storage.ErrTransient},
		"refused": {storagetest.Status(403, "AccessDenied"), storage.ErrAmazonCredentials},
		"expired": {storagetest.Status(400, "ExpiredTokenException"), storage.ErrAmazonCredentials},
	} {
		t.Run(fault, func(t *testing.T) {
			f := storagetest.NewFront(nil)
			f.Always("POST", "", c.answer)
			t.Setenv("AWS_ENDPOINT_URL_STS", endpointOf(t, storagetest.Serve(t, f)))
			// The service's client repeats by itself, slowly.
			b, err := storage.OpenWith(t.Context(), "s3://lake?endpoint=http://127.0.0.1:1", storage.Options{Retry: storage.Policy{Attempts: 1}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			_, _, err = b.ReadAll(t.Context(), "x", 10)
			want(t, err, c.kind)
		})
	}
}

// A token that Google's store no longer takes.
func TestGoogleRefusesAToken(t *testing.T) {
	address, _ := tokenServer(t, http.StatusOK)
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", keyFile(t, address))
	f, folder := storagetest.Behind(t, storagetest.GCS(t))
	f.Once("GET", "/o/x", storagetest.Status(http.StatusUnauthorized, "authError"))
	_, _, err := open(t, strings.Replace(folder, "anonymous=true", "anonymous=false", 1)).ReadAll(t.Context(), "x", 10)
	want(t, err, storage.ErrGoogleCredentials)
}

// A clock that is wrong by an hour is set right by the store's answer.
func TestS3OnAMachineWhoseClockIsWrong(t *testing.T) {
	folder := storagetest.VersityS3(t)
	put(t, open(t, folder), "x", []byte("hello"))
	f, folder := storagetest.Behind(t, folder)
	var signed []string
	f.Always("GET", "/x", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		signed = append(signed, r.Header.Get("X-Amz-Date"))
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		storagetest.Status(http.StatusForbidden, "RequestTimeTooSkewed")(w, r, nil)
	})
	_, attrs, err := open(t, folder).ReadAll(t.Context(), "x", 10)
	want(t, err, storage.ErrTransient)
	first, second := signingTime(t, signed[0]), signingTime(t, signed[1])
	if shift := second.Sub(first); attrs.Attempts != quick.Attempts || shift < 59*time.Minute || shift > 61*time.Minute {
		t.Errorf("%d attempts, signed %v later", attrs.Attempts, shift)
	}
}

func signingTime(t *testing.T, text string) time.Time {
	at, err := time.Parse("20060102T150405Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// What is configured wrongly is told from a row that names nothing.
func TestSettingsOfAStore(t *testing.T) {
	withoutAzure(t)
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	o := objects(t, storage.ObjectsOptions{Base: "mem://m"})
	settings := []string{"s3://lake/x", "az://lake/x", "abfss://lake@account.dfs.core.windows.net/x"}
	refuses(t, o, storage.ErrSettings, settings...)
	refuses(t, o, storage.ErrInvalid, settings...)
	refuses(t, objects(t, storage.ObjectsOptions{Base: "s3://lake?region"}), storage.ErrInvalid, "x")
	for _, uri := range []string{"s3:///x", "s3://a@b/x", "nowhere://x", "abfss://x/y"} {
		if _, _, err := o.Read(t.Context(), uri, nil, 10); err == nil || errors.Is(err, storage.ErrSettings) {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
