package storage

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// webRule says which web hosts may be asked: a list of
//
//   - any host
//     cdn.example.org     this host
//     *.example.org       the hosts below example.org, not itself
//
// each on the usual port of http and https, or followed by :port for another.
// A rule never opens addresses that are not public.
type webRule []string

// AnyWebHost is the pattern of every public host.
const AnyWebHost = "*"

// CheckWebHosts reports every pattern of ObjectsOptions.AllowHTTP that is none.
func CheckWebHosts(patterns []string) error {
	var errs []error
	for _, p := range patterns {
		if !validPattern(p) {
			errs = append(errs, invalid("web host %q: want *, a name as cdn.example.org, or *.example.org, perhaps with :port", RedactText(p)))
		}
	}
	return errors.Join(errs...)
}

func validPattern(p string) bool {
	host, port, numbered := cutPort(p)
	name := strings.TrimPrefix(strings.TrimPrefix(host, "*"), ".")
	switch {
	case numbered && (port == "" || !isDigits(port)):
		return false
	case host == "*":
		return true
	case strings.HasPrefix(host, "*") && !strings.HasPrefix(host, "*."):
		return false
	}
	return name != "" && !strings.ContainsAny(name, "*/?#@% \t\r\n")
}

// cutPort splits host:port; an IPv6 address stands in brackets, which go.
func cutPort(s string) (host, port string, numbered bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return strings.Trim(s, "[]"), "", false
	}
	return strings.Trim(s[:i], "[]"), s[i+1:], true
}

// usualPorts are the ports of URIs that name none.
var usualPorts = map[string]string{"http": "80", "https": "443"}

// check is ErrNotAllowed for an address that the rule does not open.
func (r webRule) check(u *url.URL) error {
	if len(r) == 0 {
		return fmt.Errorf("%w: images of the web are off", ErrNotAllowed)
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	for _, p := range r {
		if opens(strings.ToLower(p), host, portOf(u), u.Scheme) {
			return nil
		}
	}
	return fmt.Errorf("%w: the host or its port is not among the web hosts that are allowed", ErrNotAllowed)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return usualPorts[u.Scheme]
}

// opens tells whether one pattern opens host and port.
func opens(pattern, host, port, scheme string) bool {
	name, wanted, numbered := cutPort(pattern)
	if !numbered {
		wanted = usualPorts[scheme]
	}
	if port != wanted {
		return false
	}
	below, wild := strings.CutPrefix(name, "*.")
	return name == "*" || name == host || wild && strings.HasSuffix(host, "."+below)
}
