package storage

import (
	"regexp"
	"strings"
)

// Redact returns uri without user information and without options, for logs,
// tables and errors. The question mark of an object key stays as long as no
// "=" follows it. Web addresses lose their fragment and the values of their
// query that may be secret: what has no secret stays the same. A plain path
// stays as it is but for the values of parameters that name a secret and for
// user:password@ behind a misspelled scheme.
func Redact(uri string) string {
	scheme, rest, ok := cutScheme(uri)
	if !ok {
		return maskParts(uri)
	}
	rest = cutQuery(schemeOf(scheme), rest)
	return maskParts(scheme + "://" + cutUserinfo(rest))
}

// cutQuery drops what follows the question mark that opens a query.
func cutQuery(scheme, rest string) string {
	if scheme == "file" {
		rest, _, _ = strings.Cut(rest, "?")
		return rest
	}
	if isWebScheme(scheme) {
		return redactQuery(rest)
	}
	if _, ok := drivers[scheme]; !ok {
		return cutAny(rest, "?#")
	}
	before, after, found := strings.Cut(rest, "?")
	if found && strings.ContainsAny(after, "=&") {
		return before
	}
	return rest
}

// cutAny returns s up to the first byte of chars.
func cutAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

// cutUserinfo drops user:password@ before the host. A password may hold a
// slash that was not encoded: an authority with a colon and no port is taken
// as the begin of one, and everything up to the last "@" goes.
func cutUserinfo(rest string) string {
	authority := cutAny(rest, "/?#")
	if abfsHost.MatchString(authority) {
		return rest // a container before the @
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return rest[i+1:]
	}
	_, port, colon := strings.Cut(authority, ":")
	if !colon || isDigits(port) || addressIPv6.MatchString(authority) {
		return rest
	}
	return rest[strings.LastIndexByte(rest, '@')+1+bareSecret(rest, authority):]
}

// bareSecret is the length of an authority "user:password" without any "@".
func bareSecret(rest, authority string) int {
	if strings.Contains(rest, "@") {
		return 0
	}
	return len(authority)
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// addressIPv6 is a host whose colons are no sign of a password.
var addressIPv6 = regexp.MustCompile(`^\[[0-9A-Fa-f:.]+\](:[0-9]*)?$`)
