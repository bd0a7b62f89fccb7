package storage

import (
	"fmt"
	"net/url"
	"strings"
)

// IsWeb tells whether uri is a web address, which only Objects reads.
func IsWeb(uri string) bool {
	scheme, _, ok := cutScheme(uri)
	return ok && isWebScheme(strings.ToLower(scheme))
}

func isWebScheme(scheme string) bool { return usualPorts[scheme] != "" }

// WebHost is the scheme and host of a web address, which fail together; "" for
// what is none.
func WebHost(uri string) string {
	u, err := parseWeb(uri)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// parseWeb reads a web address. It is percent-encoded where it has to be, and
// its fragment, which no server gets, is dropped. Errors quote nothing of it.
func parseWeb(uri string) (*url.URL, error) {
	u, err := url.Parse(encoded(uri))
	if err != nil || u.Opaque != "" || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") {
		return nil, invalid("malformed web address")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Fragment, u.RawFragment = "", ""
	return u, checkWeb(u)
}

// encoded percent-encodes what may not stand in a path or query, and leaves what
// is encoded already: "a b%2Fc" becomes "a%20b%2Fc".
func encoded(uri string) string {
	scheme, rest, _ := cutScheme(uri)
	host := cutAny(rest, "/?#")
	var out strings.Builder
	out.WriteString(scheme + "://" + host)
	for _, b := range []byte(rest[len(host):]) {
		if b >= 0x80 || strings.IndexByte(" \"<>\\^`{|}", b) >= 0 {
			fmt.Fprintf(&out, "%%%02X", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}

// checkWeb refuses addresses that carry credentials, and other schemes.
func checkWeb(u *url.URL) error {
	switch {
	case !isWebScheme(u.Scheme):
		return invalid("this is no web address")
	case u.User != nil:
		return invalid("credentials do not belong into a web address")
	}
	return nil
}
