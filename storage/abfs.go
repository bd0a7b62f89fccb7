package storage

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// abfsHost is what other programs of Azure write after abfss://, a container and
// the second address of its account.
var abfsHost = regexp.MustCompile(`^([a-z0-9$-]+)@([a-z0-9]+)\.dfs\.([a-z0-9.-]+)$`)

func isABFS(scheme string) bool {
	return strings.EqualFold(scheme, "abfss") || strings.EqualFold(scheme, "abfs")
}

// abfsPath reads what follows abfss:// as a place in azblob with the account
// among its options.
func abfsPath(rest string) (address, error) {
	host, path, _ := strings.Cut(rest, "/")
	parts := abfsHost.FindStringSubmatch(host)
	if parts == nil {
		return address{}, invalid("abfss:// is spelled abfss://container@account.dfs.core.windows.net/path")
	}
	query := "storage_account=" + parts[2]
	if parts[3] != "core.windows.net" {
		query += "&domain=blob." + parts[3]
	}
	return address{scheme: "azblob", host: parts[1], path: path, query: query}, nil
}

// signedFor checks that the account which an abfss address of a manifest names
// is the one that requests to base are signed for: a row must not choose who
// gets them. The address then has the options of base.
func signedFor(row, base address) (address, error) {
	if base.scheme != row.scheme {
		base.query = ""
	}
	settings, err := configureAzure(address{query: base.query})
	if err != nil {
		return row, err
	}
	if settings.service.AccountName == "" {
		return row, fmt.Errorf("%w: %w", ErrSettings, errNoAccount)
	}
	named, err := url.ParseQuery(row.query)
	if err != nil || named.Get("storage_account") != settings.service.AccountName || named.Get("domain") != settings.service.StorageDomain {
		return row, invalid("account %s is not the one that requests are signed for; set AZURE_STORAGE_ACCOUNT to it", named.Get("storage_account"))
	}
	row.query = base.query
	return row, nil
}
