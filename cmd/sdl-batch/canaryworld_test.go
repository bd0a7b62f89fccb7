package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sdl-batch/sdl-batch/model/ort"
)

// canaryWorld is a folder, servers and an environment full of secrets.
type canaryWorld struct {
	canaries
	folder      string   // where the program runs
	environment []string // of the program
	echo        string   // address of a server that answers with all that it was told
	secure      string   // the same behind a certificate that nobody trusts
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	if _, err := ort.Find(library(), ""); err != nil {
		t.Skip("SKIPPED, NOT PASSED: no ONNX Runtime library; run make build or set SDL_ORT_LIB")
	}
	plain, secure := httptest.NewServer(http.HandlerFunc(echo)), httptest.NewTLSServer(http.HandlerFunc(echo))
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	w := &canaryWorld{canaries: canaries{places: map[string]string{}}, folder: t.TempDir(), echo: plain.URL, secure: secure.URL}
	w.environment = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.folder, "SDL_ORT_LIB=" + library(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + w.at("access key"), "AWS_SECRET_ACCESS_KEY=" + w.at("secret key"), "AWS_SESSION_TOKEN=" + w.at("session token"),
		"AZURE_STORAGE_ACCOUNT=account", "AZURE_STORAGE_KEY=" + base64.StdEncoding.EncodeToString([]byte(w.at("account key"))),
		"GOOGLE_APPLICATION_CREDENTIALS=" + w.googleKey(t),
	}
	return w
}

// googleKey writes a service account's key, whose tokens come from the echo.
func (w *canaryWorld) googleKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "private_key_id": w.at("private key id"), "client_email": "a@b.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": w.echo + "/token/" + w.at("token address"),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, line := range strings.Split(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), "\n") {
		if i > 0 && !strings.HasPrefix(line, "--") {
			w.places[strings.ToLower(line)] = "private key"
		}
	}
	return path
}

// echo answers as a store that is as indiscreet as can be: its words repeat the
// request, its signature and its body. What it answers goes by the path.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	words := fmt.Sprintf("%s http://%s%s %s %s", r.Method, r.Host, r.RequestURI, r.Header, body)
	for part, answer := range map[string]struct {
		status int
		code   string
	}{
		"token": {401, "invalid_grant"}, "deny": {403, "SignatureDoesNotMatch"}, "stale": {403, "AuthenticationFailed"}, "lost": {404, "NoSuchKey"},
		"mute": {400, "InvalidRequest"}, "sick": {503, "SlowDown"}, "moved": {301, "PermanentRedirect"},
	} {
		if strings.Contains(r.URL.Path, "/"+part) {
			indiscreet(w, r, answer.status, answer.code, words)
			return
		}
	}
	garble(w, words)
}

func indiscreet(w http.ResponseWriter, r *http.Request, status int, code, words string) {
	text, _ := json.Marshal(words)
	body := fmt.Sprintf("<Error><Code>%s</Code><Message>%s</Message><AWSAccessKeyId>%s</AWSAccessKeyId><StringToSign>%s</StringToSign></Error>",
		code, url.PathEscape(words), words, words)
	w.Header().Set("Content-Type", "application/xml")
	if strings.Contains(r.URL.Path, "/storage/v1/") || strings.Contains(r.URL.Path, "/token") {
		w.Header().Set("Content-Type", "application/json")
		body = fmt.Sprintf(`{"error": {"code": %d, "message": %s}, "error_description": %s}`, status, text, text)
	}
	line := strings.Join(strings.Fields(words), " ")
	w.Header().Set("X-Ms-Error-Code", code)
	w.Header().Set("Location", "http://"+r.Host+r.RequestURI+"?again="+url.QueryEscape(line))
	w.Header().Set("Etag", `"`+url.QueryEscape(line)+`"`)
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// garble answers with what is no HTTP.
func garble(w http.ResponseWriter, words string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 %s\r\n\r\n", strings.Join(strings.Fields(words), " "))
}

// run runs the program and returns what it printed, and its status. No secret may
// be in it.
func (w *canaryWorld) run(t *testing.T, environment []string, args ...string) (out string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sdl-batch", args...)
	c.Dir, c.Env = w.folder, append(w.environment, environment...)
	printed, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ctx.Err() != nil) {
		t.Fatalf("%q: %v\n%s", args, err, printed)
	}
	if places := w.in(printed); len(places) > 0 {
		t.Errorf("%q tells secrets: %q\n%s", args, places, printed)
	}
	return string(printed), c.ProcessState.ExitCode()
}

// must is run that has to end well.
func (w *canaryWorld) must(t *testing.T, args ...string) string {
	t.Helper()
	out, status := w.run(t, nil, args...)
	if status != exitDone {
		t.Fatalf("%q ends with %d\n%s", args, status, out)
	}
	return out
}
