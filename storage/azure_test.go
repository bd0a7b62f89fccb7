package storage_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/sdl-batch/sdl-batch/storage"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// withoutAzure empties the environment of what names an account or signs.
func withoutAzure(t *testing.T) {
	for _, name := range []string{"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING",
		"AZURE_STORAGEBLOB_CONNECTIONSTRING", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
}

// sasOf is a token for the container of folder, good for an hour.
func sasOf(t *testing.T, folder string) string {
	key, err := azblob.NewSharedKeyCredential(storagetest.AzureAccount, storagetest.AzureKey)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(folder, "azblob://"), "?")
	parameters, err := sas.BlobSignatureValues{
		ExpiryTime:    time.Now().UTC().Add(time.Hour),
		Permissions:   (&sas.ContainerPermissions{Read: true, Write: true, Create: true, Delete: true, List: true, Add: true}).String(),
		ContainerName: name,
	}.SignWithSharedKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return parameters.Encode()
}

func TestAzureCredentials(t *testing.T) {
	folder := storagetest.Azure(t)
	bucket, _, _ := strings.Cut(folder, "?")
	endpoint := endpointOf(t, folder)
	connection := "DefaultEndpointsProtocol=http;AccountName=" + storagetest.AzureAccount + ";AccountKey=" + storagetest.AzureKey +
		";BlobEndpoint=" + endpoint + ";"
	cases := map[string]struct {
		folder      string
		environment map[string]string
	}{
		"key":               {folder, map[string]string{"AZURE_STORAGE_ACCOUNT": storagetest.AzureAccount, "AZURE_STORAGE_KEY": storagetest.AzureKey}},
		"key, account told": {folder + "&storage_account=" + storagetest.AzureAccount, map[string]string{"AZURE_STORAGE_KEY": storagetest.AzureKey}},
		"SAS":               {folder, map[string]string{"AZURE_STORAGE_SAS_TOKEN": sasOf(t, folder)}},
		"SAS as copied":     {folder, map[string]string{"AZURE_STORAGE_SAS_TOKEN": "?" + sasOf(t, folder)}},
		"connection string": {bucket, map[string]string{"AZURE_STORAGE_CONNECTION_STRING": connection}},
		"domain of the options": {bucket + "?protocol=http&domain=" + strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/"+storagetest.AzureAccount),
			map[string]string{"AZURE_STORAGE_ACCOUNT": storagetest.AzureAccount, "AZURE_STORAGE_KEY": storagetest.AzureKey}},
		"another scheme": {"az" + strings.TrimPrefix(bucket, "azblob"), map[string]string{"AZURE_STORAGE_CONNECTION_STRING": connection}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			withoutAzure(t)
			for variable, value := range c.environment {
				t.Setenv(variable, value)
			}
			b := open(t, c.folder)
			size := 1000
			if name == "SAS" {
				size = parts // each part is signed
			}
			put(t, b, "d/x", payload(size))
			if got := get(t, b, "d/x"); got != string(payload(size)) {
				t.Error("the object differs")
			}
			if err := b.Publish(t.Context(), "y", "d/x"); err != nil {
				t.Error(err)
			}
			if err := b.ProbeCreateOnce(t.Context(), "d/"); err != nil {
				t.Error(err)
			}
			for _, key := range []string{"d/x", "y"} {
				if err := b.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestAzureRefusesCredentials(t *testing.T) {
	folder := storagetest.Azure(t)
	cases := map[string]map[string]string{
		"another key": {"AZURE_STORAGE_ACCOUNT": storagetest.AzureAccount, "AZURE_STORAGE_KEY": "Y2FuYXJ5"},
		"forged SAS":  {"AZURE_STORAGE_SAS_TOKEN": strings.Replace(sasOf(t, folder), "sig=", "sig=canary", 1)},
		"expired SAS": {"AZURE_STORAGE_SAS_TOKEN": strings.Replace(sasOf(t, folder), "se=2", "se=1", 1)},
	}
	for name, environment := range cases {
		t.Run(name, func(t *testing.T) {
			withoutAzure(t)
			for variable, value := range environment {
				t.Setenv(variable, value)
			}
			b := open(t, folder)
			_, attrs, err := b.ReadAll(t.Context(), "x", 10)
			want(t, err, storage.ErrPermission)
			want(t, err, storage.ErrAzureCredentials)
			if attrs.Attempts != 1 {
				t.Errorf("%d attempts", attrs.Attempts)
			}
			for _, err := range b.List(t.Context(), "") {
				want(t, err, storage.ErrPermission)
			}
		})
	}
}

// Whatever fails, no error tells a signature, a key or where a SAS leads.
func TestAzureTellsNoSecrets(t *testing.T) {
	const here = "?endpoint=http://127.0.0.1:1/a"
	cases := []struct{ options, variable, value string }{
		{here, "AZURE_STORAGE_SAS_TOKEN", "sv=2021&sp=r&sig=canary"},
		{here, "AZURE_STORAGE_KEY", "canary!"},
		{here, "AZURE_STORAGE_KEY", "Y2FuYXJ5"},
		{"", "AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=canary!;BlobEndpoint=http://127.0.0.1:1/a"},
		{"", "AZURE_STORAGE_CONNECTION_STRING", "BlobEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=sig=canary"},
		{"", "AZURE_STORAGE_CONNECTION_STRING", "canary"},
	}
	for _, c := range cases {
		t.Run(c.value, func(t *testing.T) {
			withoutAzure(t)
			t.Setenv("AZURE_STORAGE_ACCOUNT", "a")
			t.Setenv(c.variable, c.value)
			b, err := storage.OpenWith(t.Context(), "azblob://lake"+c.options, storage.Options{Retry: quick})
			if err == nil {
				defer b.Close()
				_, err = b.Stat(t.Context(), "x")
			}
			if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "Y2FuYXJ5") {
				t.Error(err)
			}
		})
	}
}

func TestAzureWithoutAnAccount(t *testing.T) {
	withoutAzure(t)
	_, err := storage.Open(t.Context(), "azblob://lake")
	want(t, err, storage.ErrInvalid)
	if !strings.Contains(err.Error(), "AZURE_STORAGE_ACCOUNT") {
		t.Error(err)
	}
}

// The service would store these under other names.
func TestAzureRefusesNamesThatItChanges(t *testing.T) {
	b := open(t, storagetest.Azure(t))
	for _, key := range []string{`a\b`, "a.", "a./b", "..", "a/../b", "a/."} {
		_, err := b.Stat(t.Context(), key)
		want(t, err, storage.ErrInvalid)
		_, err = b.NewWriter(t.Context(), key)
		want(t, err, storage.ErrInvalid)
	}
}

// Large copies go on in the background; here the first two answers say so.
func TestAzureWaitsForACopy(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.Azure(t))
	b := open(t, folder)
	put(t, b, "src", []byte("hello"))
	f.Once("PUT", "/dst", withStatus("pending"))
	stats := atomic.Int32{}
	f.Always("HEAD", "/dst", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if stats.Add(1) == 2 { // the first looks whether dst is there
			withStatus("pending")(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
	if err := b.Publish(t.Context(), "dst", "src"); err != nil {
		t.Fatal(err)
	}
	if got := get(t, b, "dst"); got != "hello" || stats.Load() != 4 {
		t.Errorf("%q after %d looks", got, stats.Load())
	}
}

// What a failed copy left is removed, so that the next try makes it anew.
func TestAzureRepeatsAFailedCopy(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.Azure(t))
	b := open(t, folder)
	put(t, b, "src", []byte("hello"))
	f.Once("PUT", "/dst", withStatus("pending"))
	stats := atomic.Int32{}
	f.Always("HEAD", "/dst", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if stats.Add(1) == 2 {
			withStatus("failed")(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
	if err := b.Publish(t.Context(), "dst", "src"); err != nil {
		t.Fatal(err)
	}
	if copies := f.Requests("PUT", "/dst"); copies != 2 || f.Requests("DELETE", "/dst") != 1 {
		t.Errorf("%d copies", copies)
	}
}

// withStatus changes what an answer says about a copy.
func withStatus(status string) storagetest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(copyStatus{w, status}, r)
	}
}

type copyStatus struct {
	http.ResponseWriter
	status string
}

func (c copyStatus) WriteHeader(code int) {
	c.Header().Set("x-ms-copy-status", c.status)
	c.ResponseWriter.WriteHeader(code)
}

func TestOtherSpellingsOfAzure(t *testing.T) {
	cases := map[string]storage.Place{
		"az://c/p/x":   {Scheme: "azblob", Host: "c", Path: "p/x"},
		"AZ://c/p?a=b": {Scheme: "azblob", Host: "c", Path: "p", Query: "a=b"},
		"azblob://c/p": {Scheme: "azblob", Host: "c", Path: "p"},
		"abfss://c@a.dfs.core.windows.net/p/x?.jpg": {Scheme: "azblob", Host: "c", Path: "p/x?.jpg", Query: "storage_account=a"},
		"abfss://c@a.dfs.core.windows.net/p?endpoint=http://h": {Scheme: "azblob", Host: "c", Path: "p",
			Query: "storage_account=a&endpoint=http://h"},
		"abfs://c@a.dfs.core.chinacloudapi.cn": {Scheme: "azblob", Host: "c", Query: "storage_account=a&domain=blob.core.chinacloudapi.cn"},
	}
	for uri, wanted := range cases {
		if got, err := storage.Parse(uri); err != nil || got != wanted {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
	folder, name, err := storage.SplitURI("abfss://c@a.dfs.core.windows.net/p/x.csv")
	if err != nil || folder != "azblob://c/p?storage_account=a" || name != "x.csv" {
		t.Errorf("%q, %q, %v", folder, name, err)
	}
}

// A row of a manifest may name the account that requests are signed for, and no
// other, whoever named it.
func TestAccountsOfAManifest(t *testing.T) {
	folder := storagetest.Azure(t)
	put(t, open(t, folder), "d/x", []byte("hello"))
	bucket, options, _ := strings.Cut(folder, "?")
	container := strings.TrimPrefix(bucket, "azblob://")
	at := func(account string) string { return "abfss://" + container + "@" + account + ".dfs.core.windows.net/d" }
	for _, base := range []string{folder, at(storagetest.AzureAccount) + "?" + options} {
		o := objects(t, storage.ObjectsOptions{Base: base})
		reads(t, o, "hello", at(storagetest.AzureAccount)+"/x", bucket+"/d/x")
		refuses(t, o, storage.ErrInvalid, at("another")+"/x", strings.Replace(at(storagetest.AzureAccount), "core.", "evil.", 1)+"/x")
	}
	withoutAzure(t)
	refuses(t, objects(t, storage.ObjectsOptions{Base: "mem://m"}), storage.ErrInvalid, at("another")+"/x")
}

// The store answers before it has read a block, as those do that refuse: the
// memory that the block is still sent from must outlive the upload.
func TestAzureRefusesABlockThatIsOnItsWay(t *testing.T) {
	f, folder := storagetest.Behind(t, storagetest.Azure(t))
	f.Always("PUT", "comp=block", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := http.NewResponseController(w)
		if err := answer.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		storagetest.Status(403, "AuthorizationFailure")(w, r, next)
		answer.Flush()
		io.Copy(io.Discard, r.Body)
	})
	b := open(t, folder)
	for range 15 {
		w, err := b.NewWriter(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		_, writing := w.Write(payload(parts))
		want(t, errors.Join(writing, w.Close()), storage.ErrPermission)
	}
}
