package storage

import (
	"net/url"
	"os"
	"strings"
)

// ownSecrets are the variables of the environment that hold what requests are
// signed with, or what signs for us. Some of it is sent, and what is sent may
// come back in what a server, or something on the way to it, says.
var ownSecrets = []string{
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_CLIENT_SECRET",
}

// leastSecret is how many bytes a value has that is looked for in text: a shorter
// one would be found in words and numbers.
const leastSecret = 8

// withoutOwn is text without the values of ownSecrets.
func withoutOwn(text string) string {
	for _, name := range ownSecrets {
		text = withoutValue(text, strings.TrimPrefix(os.Getenv(name), "?"))
	}
	return text
}

// withoutValue masks a secret as it is, and as a query has it.
func withoutValue(text, secret string) string {
	if len(secret) < leastSecret {
		return text
	}
	text = strings.ReplaceAll(text, secret, redactedValue)
	return strings.ReplaceAll(text, url.QueryEscape(secret), redactedValue)
}
