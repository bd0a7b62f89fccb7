package storage

import (
	"regexp"
	"slices"
	"strings"
)

// RedactText is text that others wrote, an error or what a server said, without
// the secrets that can be told: addresses in it are redacted, and so are
// user:password@, values of parameters that name a secret, tokens behind the name
// of their kind and the secrets of this process's environment. Redacted text stays
// as it is.
func RedactText(text string) string {
	text = webAddress.ReplaceAllStringFunc(withoutOwn(text), redactAddress)
	text = bearerToken.ReplaceAllString(maskParts(text), "$1 "+redactedValue)
	return badPort.ReplaceAllString(text, "$1")
}

var (
	// webAddress is an address within text, up to a space or a quote.
	webAddress = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"'<>]+`)
	// bearerToken follows what requests call it.
	bearerToken = regexp.MustCompile(`(?i)\b(bearer|authorization["']?\s*[:=]\s*["']?[a-z0-9-]+)\s+[^\s"',]{8,}`)
	// badPort quotes what may be a password.
	badPort = regexp.MustCompile(`(invalid port) ".*?"`)
)

// redactAddress leaves out the punctuation that a sentence puts behind an address.
func redactAddress(found string) string {
	bare := strings.TrimRight(found, ".,:;)")
	return Redact(bare) + found[len(bare):]
}

// maskParts masks what is secret wherever it stands, in a key, a path or text.
func maskParts(text string) string {
	text = maskPlain(text)
	plain := unescaped(text)
	if plain == text {
		return text
	}
	if masked := maskPlain(plain); masked != plain {
		return masked
	}
	return text
}

func maskPlain(text string) string {
	if strings.Contains(text, "@") {
		text = userinfo.ReplaceAllStringFunc(text, dropUserinfo)
		text = misspelled.ReplaceAllString(text, "$1")
	}
	if namesSecret(text) {
		text = secretValue.ReplaceAllString(text, "$1$2="+redactedValue)
		text = session.ReplaceAllString(text, "$1$2="+redactedValue)
	}
	return text
}

// namesSecret tells whether a name before a "=" may be one of secretValue's or
// session's, which are slow to look for in each row's name.
func namesSecret(text string) bool {
	for name, rest, found := strings.Cut(text, "="); found; name, rest, found = strings.Cut(rest, "=") {
		end := strings.ToLower(name[max(0, len(name)-longestEnd):])
		if slices.ContainsFunc(nameEnds, func(known string) bool { return strings.HasSuffix(end, known) }) {
			return true
		}
	}
	return false
}

// nameEnds are how the names of secretValue and session end.
var nameEnds = []string{"sig", "jwt", "hmac", "pwd", "passwd", "credential", "signature", "token", "password", "secret", "key", "id"}

const longestEnd = 10

var (
	userinfo = regexp.MustCompile(`[a-zA-Z]*://[^/?#\s"'@]*@`)
	// misspelled is what a "://" that lacks a sign is put before user:password@.
	misspelled = regexp.MustCompile(`(?i)(\b(?:https?|s3a?|gs|az|azblob|abfss?|ftp)[:/\\]{1,3})[^/?#\s"'@]*:[^/?#\s"'@]*@`)
	// secretValue knows the names that are no common words; secretName has more.
	secretValue = regexp.MustCompile(`(?i)(^|[^a-z0-9]|\\u0026|%[0-9a-f]{2})((?:` +
		`sig|jwt|hmac|pwd|passwd|credential|awsaccesskeyid|googleaccessid|[a-z_-]*(?:signature|token|password|secret)|key-pair-id|` +
		`(?:api|access|account|auth|private|secret|shared|signing|subscription)[_-]?key` + `))=[^&\s"']*[^&\s"':,.;)]`)
	// session is what servers put behind a semicolon of a path.
	session = regexp.MustCompile(`(?i)(^|[^a-z0-9]|%[0-9a-f]{2})(jsessionid|phpsessid|sessionid)=[^/?&;\s"']+`)
)

func dropUserinfo(found string) string {
	scheme, who, _ := strings.Cut(found, "://")
	if isABFS(scheme) && !strings.Contains(who, ":") {
		return found // a container
	}
	return scheme + "://"
}

// unescaped undoes the percent-encoding of printable characters as often as it
// was done.
func unescaped(text string) string {
	for range 4 {
		plain := escape.ReplaceAllStringFunc(text, func(code string) string { return decoded(code) })
		if plain == text {
			break
		}
		text = plain
	}
	return text
}

var escape = regexp.MustCompile(`%(2[1-9A-Fa-f]|[3-6][0-9A-Fa-f]|7[0-9A-Ea-e])`)
