package storage

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	gcs "cloud.google.com/go/storage"
	"gocloud.dev/blob/gcsblob"
	"google.golang.org/api/option"
)

// openGS makes two clients: one that tries each request once, because this
// package repeats, and one for uploads, whose parts only the client can
// repeat. Credentials are looked for with the first request.
func openGS(ctx context.Context, a address, policy Policy) (store, error) {
	settings, err := configureGS(a)
	if err != nil {
		return nil, err
	}
	transport := newTransport()
	once, err := settings.client(ctx, rawReads{transport})
	if err != nil {
		return nil, err
	}
	once.SetRetry(gcs.WithPolicy(gcs.RetryNever))
	repeating, err := settings.client(ctx, uploading(sessions{transport}, policy))
	if err != nil {
		return nil, err
	}
	bucket, err := gcsblob.OpenBucket(ctx, nil, a.host, &gcsblob.Options{Client: once})
	if err != nil {
		return nil, invalid("gs bucket: %v", err)
	}
	uploads, err := gcsblob.OpenBucket(ctx, nil, a.host, &gcsblob.Options{Client: repeating})
	if err != nil {
		return nil, invalid("gs bucket: %v", err)
	}
	dialect := &google{bucket: once.Bucket(a.host), uploads: repeating.Bucket(a.host), policy: policy, signed: !settings.anonymous}
	return &blobs{
		dialect:  dialect,
		listing:  listing{dialect},
		keyspace: below(a.path),
		bucket:   bucket,
		uploads:  uploads,
		release: func() error {
			transport.CloseIdleConnections()
			return errorsOfClose(bucket, uploads, once, repeating)
		},
	}, nil
}

// gsSettings says where the store is and whether requests carry credentials.
type gsSettings struct {
	endpoint  string // http://host:port; empty for Google's own
	anonymous bool
	tokens    *googleTokens
}

// configureGS reads the options endpoint and anonymous, and
// STORAGE_EMULATOR_HOST, a host:port or an address that takes anybody.
func configureGS(a address) (gsSettings, error) {
	query, err := url.ParseQuery(a.query)
	if err != nil {
		return gsSettings{}, invalid("malformed options")
	}
	if err := onlyOptions("gs", query, "endpoint", "anonymous"); err != nil {
		return gsSettings{}, err
	}
	s := gsSettings{endpoint: query.Get("endpoint"), tokens: &googleTokens{}}
	if query.Has("anonymous") {
		if s.anonymous, err = strconv.ParseBool(query.Get("anonymous")); err != nil {
			return s, invalid("option anonymous is true or false")
		}
	}
	if emulator := os.Getenv("STORAGE_EMULATOR_HOST"); emulator != "" && s.endpoint == "" {
		s.endpoint, s.anonymous = withScheme(emulator), true
	}
	if err := checkEndpoint(s.endpoint); err != nil || s.anonymous {
		return s, err
	}
	return s, checkPrivate(s.endpoint)
}

func withScheme(host string) string {
	if strings.Contains(host, "://") {
		return host
	}
	return "http://" + host
}

// client makes a client that sends everything through transport.
func (s gsSettings) client(ctx context.Context, transport http.RoundTripper) (*gcs.Client, error) {
	if !s.anonymous {
		transport = bearer{next: transport, tokens: s.tokens}
	}
	// What looks like no authentication keeps the client from looking for
	// credentials by itself, at once and on the network.
	options := []option.ClientOption{
		option.WithoutAuthentication(),
		option.WithHTTPClient(plainClient(transport)),
		gcs.WithJSONReads(),
	}
	if s.endpoint != "" {
		options = append(options, option.WithEndpoint(strings.TrimRight(s.endpoint, "/")+"/storage/v1/"))
	}
	client, err := gcs.NewClient(ctx, options...)
	if err != nil {
		return nil, invalid("gs client: %s", RedactText(err.Error()))
	}
	return client, nil
}
