package storage_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/storage"
)

func TestRedactText(t *testing.T) {
	t.Setenv("AWS_SESSION_TOKEN", "own+canary/token")
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "?sv=1&se=own-canary")
	t.Setenv("AZURE_STORAGE_KEY", "short")
	for text, wanted := range map[string]string{
		`takes no argument, got "https://h/x?c4n4ry"`:                               `takes no argument, got "https://h/x?redacted"`,
		"read https://u:canary@h/x?sig=canary: does not exist":                      "read https://h/x?sig=redacted: does not exist",
		"read https://h/x?sig=redacted: does not exist":                             "read https://h/x?sig=redacted: does not exist",
		"(see https://h/x?a=b#canary).":                                             "(see https://h/x?a=b).",
		"open s3://b/p?endpoint=http://h&region=canary: no":                         "open s3://b/p: no",
		"list https:/u:canary@h/x and s3:u:canary@h":                                "list https:/h/x and s3:h",
		"https%3A%2F%2Fu%3Acanary%40h%2F%3Fsig%3Dcanary":                            "https://h/?sig=redacted",
		"a%20b?x%2Damz%2Dsignature=canary":                                          "a%20b?x%2Damz%2Dsignature=redacted",
		"x;jsessionid=CANARY/y.jpg and PHPSESSID=canary;":                           "x;jsessionid=redacted/y.jpg and PHPSESSID=redacted;",
		`{"uri":"x?a=b\u0026sig=canary"}`:                                           `{"uri":"x?a=b\u0026sig=redacted"}`,
		"Authorization: AWS4-HMAC-SHA256 Credential=canary/1, Signature=canary":     "Authorization: AWS4-HMAC-SHA256 redacted, Signature=redacted",
		"map[Authorization:[Bearer ya29.canary-canary]]":                            "map[Authorization:[Bearer redacted",
		`parse "x": invalid port ":canary" after host`:                              `parse "x": invalid port after host`,
		"AccountKey=canary;EndpointSuffix=x":                                        "AccountKey=redacted",
		"token own+canary/token, as own%2Bcanary%2Ftoken":                           "token redacted, as redacted",
		"asked for ?sv=1&se=own-canary":                                             "asked for ?redacted",
		"short words stay; so do ratio=0.5, monkey=1, file://, s3:// and 12:30@2x":  "short words stay; so do ratio=0.5, monkey=1, file://, s3:// and 12:30@2x",
		"use abfss://container@account.dfs.core.windows.net/x or http://[::1]:80/x": "use abfss://container@account.dfs.core.windows.net/x or http://[::1]:80/x",
	} {
		got := storage.RedactText(text)
		if got != wanted {
			t.Errorf("%s\nbecomes %s,\n   want %s", text, got, wanted)
		}
		if again := storage.RedactText(got); again != got {
			t.Errorf("%s\nbecomes %s and then %s", text, got, again)
		}
	}
}

// TestPathsWithoutASecretStay: tables are joined by them.
func TestPathsWithoutASecretStay(t *testing.T) {
	for _, uri := range []string{
		"photos/100%25 sure.jpg", "a/12:30@2x.png", "s3://b/day=2026-11-25/key=7/x.jpg", "s3://b/who?.jpg", "me@work/x.jpg", "s3://b/a%20b%3D1.jpg",
		"https://h/x?key=photos/a.jpg&code=b.png", "https://h/x?sidecar=1&codec=2", "/a=b/c;d=e/f.jpg", "tokens/a.jpg", "https://h/a%20b/x?id=7",
	} {
		if got := storage.Redact(uri); got != uri {
			t.Errorf("%s becomes %s", uri, got)
		}
	}
}

// TestWhatAWebHostRepeatsIsMasked: a host gets the secrets of an address, and may
// say them again in whatever it answers.
func TestWhatAWebHostRepeatsIsMasked(t *testing.T) {
	const query = "st=c4n4ryone&policy=c4n4ry%2Btwo&sig=C4n4ryThree"
	server := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		words := r.URL.RawQuery + " " + r.URL.Query().Get("policy")
		switch r.URL.Path {
		case "/version":
			w.Header().Set("Etag", `"`+words+`"`)
			return
		case "/redirect":
			w.Header().Set("Location", "http://elsewhere.invalid/"+r.URL.Query().Get("policy")+"?"+r.URL.RawQuery)
		case "/port":
			w.Header().Set("Location", "http://me:"+r.URL.Query().Get("st")+"/")
		case "/escape":
			w.Header().Set("Location", "http://127.0.0.2/%zz"+words)
		case "/scheme":
			w.Header().Set("Location", r.URL.Query().Get("st")+"://x")
		default:
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			defer connection.Close()
			fmt.Fprintf(connection, map[string]string{"/status": "HTTP/1.1 %s\r\n\r\n", "/protocol": "%s\r\n\r\n", "/header": "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
				"/length": "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", "/coding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"}[r.URL.Path], words)
			return
		}
		w.WriteHeader(http.StatusFound)
	})
	o := asking(t, storage.Policy{Attempts: 1}, server)
	for _, path := range []string{"version", "redirect", "port", "escape", "scheme", "status", "protocol", "header", "length", "coding"} {
		_, attrs, err := o.Read(t.Context(), server+"/"+path+"?"+query, nil, 10)
		said := strings.ToLower(fmt.Sprint(attrs, err))
		if strings.Contains(said, "c4n4ry") || err == nil != (path == "version") {
			t.Errorf("%s: %s", path, said)
		}
	}
}

// TestARedirectTakesNothingAlong: the next host gets what the redirect says, and
// neither the query of the first nor where the question came from.
func TestARedirectTakesNothingAlong(t *testing.T) {
	var got string
	second := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { got = fmt.Sprint(r.RequestURI, r.Header, r.Host) })
	first := webServer(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, second+"/x?id=7", http.StatusFound) })
	o := asking(t, quick, first, second)
	if _, _, err := o.Read(t.Context(), first+"/y?sig=canary&token=canary", nil, 10); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, "/x?id=7") || strings.Contains(got, "canary") || strings.Contains(got, "Referer") {
		t.Errorf("the second host got %s", got)
	}
}

// FuzzRedactText: a secret in an address, in a parameter or as a token does not
// come through, whatever stands around it.
func FuzzRedactText(f *testing.F) {
	f.Add("read ", ": does not exist", "h", "x")
	f.Add(`got "`, `"`, "h:80", "a%20b?c=d&")
	f.Add("%", "%3D", "%40", "%25")
	f.Fuzz(func(t *testing.T, before, behind, host, path string) {
		const canary = "c4n4ry5ecret"
		if strings.ContainsAny(host, "/?#@ \t\r\n\v\f\"'<>") || strings.ContainsAny(path, " \t\r\n\v\f\"'<>#") || strings.ContainsFunc(host+path, func(r rune) bool { return r < ' ' || r > '~' }) {
			return
		}
		for _, text := range []string{
			"https://me:" + canary + "@" + host + "/" + path, "s3://b/" + path + "?region=" + canary, "http://h/" + path + "?sig=" + canary,
			"x?token=" + canary, "x?token%3D" + canary, "Bearer " + canary + canary, "AWS4 Signature=" + canary,
		} {
			if got := storage.RedactText(before + " " + text + " " + behind); strings.Contains(got, canary) {
				t.Errorf("%q becomes %q", before+" "+text+" "+behind, got)
			}
		}
	})
}

// TestNamesOfSecretsInPaths: each name that tells a secret does so in a path, in
// letters large and small.
func TestNamesOfSecretsInPaths(t *testing.T) {
	for _, name := range []string{
		"sig", "jwt", "hmac", "pwd", "passwd", "credential", "awsaccesskeyid", "googleaccessid", "signature", "x-amz-signature", "token", "my_token", "password",
		"client-secret", "key-pair-id", "api_key", "access-key", "accountkey", "auth_key", "private_key", "secretkey", "shared_key", "signing-key", "subscription-key",
		"jsessionid", "phpsessid", "sessionid",
	} {
		for _, name := range []string{name, strings.ToUpper(name)} {
			if got, want := storage.Redact("s3://b/day=7;"+name+"=canary"), "s3://b/day=7;"+name+"=redacted"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}
