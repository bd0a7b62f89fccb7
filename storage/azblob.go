package storage

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob/azureblob"
)

// azureSettings says where a container is and how requests are signed.
type azureSettings struct {
	service    azureblob.ServiceURLOptions // account, domain, protocol and SAS
	endpoint   string                      // address of the service in place of what service says
	container  string
	key        string // of the account
	connection string // a whole connection string
	anonymous  bool
}

// configureAzure reads the environment as gocloud does, and over it the options
// storage_account, domain, protocol, endpoint and anonymous.
func configureAzure(a address) (azureSettings, error) {
	query, err := url.ParseQuery(a.query)
	if err != nil {
		return azureSettings{}, invalid("malformed options")
	}
	if err := onlyOptions("azblob", query, "anonymous", "domain", "endpoint", "protocol", "storage_account"); err != nil {
		return azureSettings{}, err
	}
	s := azureSettings{
		service:    *azureblob.NewDefaultServiceURLOptions(),
		endpoint:   query.Get("endpoint"),
		container:  a.host,
		key:        os.Getenv("AZURE_STORAGE_KEY"),
		connection: os.Getenv("AZURE_STORAGE_CONNECTION_STRING"),
	}
	for name, value := range map[string]*string{"storage_account": &s.service.AccountName, "domain": &s.service.StorageDomain,
		"protocol": &s.service.Protocol} {
		if query.Has(name) {
			*value, s.connection = query.Get(name), ""
		}
	}
	if query.Has("anonymous") {
		if s.anonymous, err = strconv.ParseBool(query.Get("anonymous")); err != nil {
			return s, invalid("option anonymous is true or false")
		}
	}
	return s, checkEndpoint(s.endpoint)
}

var errNoAccount = invalid("no Azure storage account is named: set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING, or add ?storage_account=")

// address is where the container is, a SAS after the question mark. It is
// opened and signed at that place only.
func (s azureSettings) address() (string, error) {
	if s.anonymous {
		s.service.SASToken = ""
	}
	s.service.SASToken = strings.TrimPrefix(s.service.SASToken, "?")
	if p := s.service.Protocol; p != "" && p != "http" && p != "https" {
		return "", invalid("azblob options: protocol is http or https")
	}
	if s.endpoint != "" {
		service := strings.TrimRight(s.endpoint, "/") + "/" + s.container
		if s.service.SASToken != "" {
			service += "?" + s.service.SASToken
		}
		return service, nil
	}
	if s.service.AccountName == "" {
		return "", errNoAccount
	}
	service, err := azureblob.NewServiceURL(&s.service)
	if err != nil {
		return "", invalid("azblob options: %s", RedactText(err.Error()))
	}
	place, err := url.JoinPath(string(service), s.container)
	if err != nil {
		return "", invalid("azblob options: the address of the account is malformed")
	}
	return place, nil
}

// client makes a client that sends everything through transport, each request
// as often as retry says. The first of these that is there signs: nothing
// (anonymous), the account's key, a SAS, a connection string, what Azure's default
// chain finds.
func (s azureSettings) client(transport http.RoundTripper, retry policy.RetryOptions, found *azureTokens) (*container.Client, error) {
	options := &container.ClientOptions{}
	options.Retry, options.Transport = retry, plainClient(transport)
	client, err := s.signed(options, found)
	if err != nil && !errors.Is(err, ErrInvalid) {
		return nil, invalid("azblob: %s", oneLine("%v", err))
	}
	return client, err
}

func (s azureSettings) signed(options *container.ClientOptions, found *azureTokens) (*container.Client, error) {
	keyed := s.service.AccountName != "" && s.key != ""
	if !s.anonymous && !keyed && s.service.SASToken == "" && s.connection != "" && s.endpoint == "" {
		return container.NewClientFromConnectionString(s.connection, s.container, options)
	}
	place, err := s.address()
	if err != nil {
		return nil, err
	}
	switch {
	case s.anonymous:
		return container.NewClientWithNoCredential(place, options)
	case keyed:
		key, err := azblob.NewSharedKeyCredential(s.service.AccountName, s.key)
		if err != nil {
			return nil, invalid("AZURE_STORAGE_KEY is no base64")
		}
		return container.NewClientWithSharedKeyCredential(place, key, options)
	case s.service.SASToken != "":
		return container.NewClientWithNoCredential(place, options)
	}
	if err := checkPrivate(place); err != nil {
		return nil, err
	}
	options.InsecureAllowCredentialWithHTTP = true // on this machine
	return container.NewClient(place, found, options)
}
