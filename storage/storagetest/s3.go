// Package storagetest starts object stores for tests, with faults where asked.
package storagetest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the name of the bucket that the servers of this package hold.
const Bucket = "lake"

// S3 starts an S3 server on the loopback that holds one empty bucket and ends
// with the test. It returns a folder URI to open the bucket with.
func S3(t testing.TB) string {
	t.Helper()
	return Serve(t, NewS3(t))
}

// NewS3 returns the handler of an S3 server in memory that holds one empty
// bucket, to be served through a Front.
func NewS3(t testing.TB) http.Handler {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	return gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
}

// Serve serves an S3 handler until the test ends and returns a folder URI of
// its bucket.
func Serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return FolderURI(server.URL)
}

// FolderURI names the bucket at an endpoint, to be read without credentials.
func FolderURI(endpoint string) string {
	options := url.Values{"endpoint": {endpoint}, "region": {"us-east-1"}, "anonymous": {"true"}}
	return "s3://" + Bucket + "?" + options.Encode()
}
