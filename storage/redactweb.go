package storage

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// redactedValue stands where a secret stood.
const redactedValue = "redacted"

// redactQuery masks the secrets in the query of a web address and drops its
// fragment, so that addresses without a secret stay what rows are joined by. A
// value is masked where its name says that it is secret, where it looks like a
// credential, and where it has no name and is no number.
func redactQuery(rest string) string {
	rest, _, _ = strings.Cut(rest, "#")
	before, query, found := strings.Cut(rest, "?")
	if !found {
		return rest
	}
	var out strings.Builder
	out.WriteString(before)
	for separator := "?"; ; {
		end := strings.IndexAny(query, "&;")
		if end < 0 {
			out.WriteString(separator + redactPair(query))
			return out.String()
		}
		out.WriteString(separator + redactPair(query[:end]))
		separator, query = query[end:end+1], query[end+1:]
	}
}

// redactPair is name=value without the value if that is secret.
func redactPair(pair string) string {
	name, value, named := strings.Cut(pair, "=")
	switch {
	case named && (secretName.MatchString(decoded(name)) || secretLike(value) || key.MatchString(name) && !fileLike.MatchString(decoded(value))):
		return maskParts(name) + "=" + redactedValue
	case !named && pair != "" && !isDigits(pair):
		return redactedValue
	}
	return pair
}

// secretName matches names of signatures, keys and tokens: of AWS, Google,
// Azure, CloudFront, Akamai, nginx and common ones.
var secretName = regexp.MustCompile(`(?i)(^|[^a-z0-9])(sig|hmac|md5|st|pass|passwd|pwd|auth|authorization|session|sid|jwt|policy|hdnts|hdntl|hdnea|key-pair-id)$|` +
	`(signature|token|secret|password|credentials?|sess(ion)?id|accessid|` +
	`(api|access|account|auth|private|secret|shared|signing|subscription)[_-]?key(id)?)$`)

// key is a name of secrets and of objects alike; what is fileLike is an object's.
var (
	key      = regexp.MustCompile(`(?i)^(key|code)$`)
	fileLike = regexp.MustCompile(`\.[A-Za-z]{3,4}$`)
)

// What values that are credentials look like: words are shorter, and UUIDs and
// dates have no letters of both cases.
var (
	plainRun = regexp.MustCompile(`[A-Za-z0-9]{20,}`)
	anyRun   = regexp.MustCompile(`[A-Za-z0-9_-]{20,}`)
)

// secretLike tells whether a value looks like a credential, or holds an address
// or a parameter that is secret.
func secretLike(value string) bool {
	text := decoded(value)
	if maskParts(text) != text || strings.Contains(text, "://") && Redact(text) != text {
		return true
	}
	for _, run := range plainRun.FindAllString(text, -1) {
		if strings.ContainsFunc(run, unicode.IsDigit) && strings.ContainsFunc(run, unicode.IsLetter) {
			return true
		}
	}
	for _, run := range anyRun.FindAllString(text, -1) {
		if strings.ContainsFunc(run, unicode.IsDigit) && strings.ContainsFunc(run, unicode.IsUpper) && strings.ContainsFunc(run, unicode.IsLower) {
			return true
		}
	}
	return false
}

// decoded undoes percent-encoding as often as it was done.
func decoded(text string) string {
	for range 4 {
		plain, err := url.QueryUnescape(text)
		if err != nil || plain == text {
			return text
		}
		text = plain
	}
	return text
}

// secretsOf are the values that Redact masks in a web address, as they stand
// there and decoded.
func secretsOf(uri string) (found []string) {
	_, rest, _ := cutScheme(uri)
	rest, fragment, _ := strings.Cut(rest, "#")
	_, query, _ := strings.Cut(rest, "?")
	found = append(found, fragment, decoded(fragment))
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		if redactPair(pair) == pair {
			continue
		}
		_, value, named := strings.Cut(pair, "=")
		if !named {
			value = pair
		}
		found = append(found, value, decoded(value))
	}
	return found
}

// maskSecretsOf is what a server said to the question for a web address, without
// the address's secrets, which it may have repeated.
func maskSecretsOf(uri, text string) string {
	for _, secret := range secretsOf(uri) {
		text = withoutValue(text, secret)
	}
	return text
}

// withoutSecretsOf is an error about a web address, likewise. nil stays nil.
func withoutSecretsOf(uri string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if masked := maskSecretsOf(uri, text); masked != text {
		return reworded{err, masked}
	}
	return err
}

// reworded is an error with another text.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }
