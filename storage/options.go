package storage

import (
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
)

// onlyOptions refuses options of a folder that are not among the known ones,
// and those that are given twice.
func onlyOptions(scheme string, query url.Values, known ...string) error {
	for name, values := range query {
		if !slices.Contains(known, name) {
			return invalid("%s options: unknown option %q; there are %s", scheme, RedactText(name), strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return invalid("%s options: %s is given twice", scheme, name)
		}
	}
	return nil
}

// checkEndpoint accepts an address without user information, and none.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return invalid("endpoint must be an address as http://localhost:9000")
	}
	return nil
}

// checkPrivate accepts an endpoint that a token may be sent to: by https, or on
// this machine.
func checkPrivate(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return err
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip.IsLoopback() {
		return nil
	}
	return invalid("credentials do not go over http: use an https endpoint or add anonymous=true")
}

// errorsOfClose closes all and joins what they say.
func errorsOfClose(closers ...io.Closer) error {
	var errs []error
	for _, closer := range closers {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
