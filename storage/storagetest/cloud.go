package storagetest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var (
	versity = &server{program: "versitygw", command: func(program, address, data string) []string {
		return []string{program, "--quiet", "--keep-alive", "--access", AccessKey, "--secret", SecretKey, "--port", address, "posix", data}
	}}
	fakeGCS = &server{program: "fake-gcs-server", command: func(program, address, _ string) []string {
		host, port, _ := strings.Cut(address, ":")
		return []string{program, "-backend", "memory", "-scheme", "http", "-host", host, "-port", port,
			"-external-url", "http://" + address, "-log-level", "error"}
	}}
	azurite = &server{program: filepath.Join("azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js"),
		command: func(program, address, _ string) []string {
			host, port, _ := strings.Cut(address, ":")
			return []string{"node", program, "--blobHost", host, "--blobPort", port, "--inMemoryPersistence",
				"--disableTelemetry", "--skipApiVersionCheck", "--silent"}
		}}
)

// Credentials of the S3 gateway.
const AccessKey, SecretKey = "sdl-test", "sdl-test-secret"

// The account of Azurite, which is the same everywhere.
const (
	AzureAccount = "devstoreaccount1"
	AzureKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// VersityS3 returns the folder URI of an empty bucket on an S3 gateway that
// checks signatures, and sets the program's AWS environment to its credentials. Without
// the server the test is skipped.
func VersityS3(t testing.TB) string {
	t.Helper()
	endpoint := "http://" + versity.start(t)
	setEnvironment(t, map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey,
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"})
	name := newName()
	client := s3.New(s3.Options{BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1", HTTPClient: plain,
		Credentials: aws.CredentialsProviderFunc(credentials)})
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return "s3://" + name + "?" + url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}}.Encode()
}

// GCS returns the folder URI of an empty bucket on a server that stands in for
// Google Cloud Storage. Without the server the test is skipped.
func GCS(t testing.TB) string {
	t.Helper()
	endpoint := "http://" + fakeGCS.start(t)
	name := newName()
	response, err := plain.Post(endpoint+"/storage/v1/b?project=p", "application/json", strings.NewReader(fmt.Sprintf(`{"name": %q}`, name)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		t.Fatalf("a bucket could not be made: %s", said)
	}
	return "gs://" + name + "?" + url.Values{"endpoint": {endpoint}, "anonymous": {"true"}}.Encode()
}

// Azure returns the folder URI of an empty container on Azurite, and sets the
// program's Azure environment to its credentials. Without the server the test is skipped.
func Azure(t testing.TB) string {
	t.Helper()
	endpoint := "http://" + azurite.start(t) + "/" + AzureAccount
	setEnvironment(t, map[string]string{"AZURE_STORAGE_ACCOUNT": AzureAccount, "AZURE_STORAGE_KEY": AzureKey,
		"AZURE_STORAGE_SAS_TOKEN": "", "AZURE_STORAGE_CONNECTION_STRING": ""})
	name := newName()
	key, err := azblob.NewSharedKeyCredential(AzureAccount, AzureKey)
	if err != nil {
		t.Fatal(err)
	}
	options := &container.ClientOptions{}
	options.Transport = plain
	client, err := container.NewClientWithSharedKeyCredential(endpoint+"/"+name, key, options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return "azblob://" + name + "?" + url.Values{"endpoint": {endpoint}}.Encode()
}

// setEnvironment holds for all that the test program does afterwards, so that
// tests on several servers may run side by side.
func setEnvironment(t testing.TB, values map[string]string) {
	t.Helper()
	for name, value := range values {
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
}

func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: AccessKey, SecretAccessKey: SecretKey}, nil
}
