package storage

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	gcs "cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// noBucket begins what the store says where the bucket is missing.
const noBucket = "The specified bucket does not exist"

// garbled is in what the store says of a body that is not what was sent.
const garbled = "doesn't match calculated"

// kind reduces an error of Google's client or of the network below it.
func (g *google) kind(err error) error {
	if ended := contextError(err); ended != nil {
		return ended
	}
	if errors.Is(err, ErrGoogleCredentials) {
		return ErrGoogleCredentials
	}
	if errors.Is(err, errBroken) {
		return errBroken
	}
	var api *googleapi.Error
	switch {
	case errors.As(err, &api):
		return retryLater(fmt.Errorf("%w: %s", g.apiKind(api), googleText(api)), api.Header)
	case errors.Is(err, gcs.ErrObjectNotExist):
		return ErrNotExist
	}
	return networkKind(err)
}

func (g *google) apiKind(api *googleapi.Error) error {
	switch {
	case api.Code == http.StatusUnauthorized && g.signed: // the token itself; else the object is not public
		return ErrGoogleCredentials
	case api.Code == http.StatusNotFound && strings.HasPrefix(googleWords(api), noBucket):
		return ErrNoBucket
	case api.Code == http.StatusForbidden && isRateLimit(api):
		return ErrTransient
	case api.Code == http.StatusGone: // an upload's session is lost
		return fmt.Errorf("%w: %w", ErrTransient, errNoUpload)
	case api.Code == http.StatusBadRequest && strings.Contains(googleWords(api), garbled):
		return ErrTransient
	}
	return statusKind(api.Code)
}

// isRateLimit finds the reasons for a 403 that pass.
func isRateLimit(api *googleapi.Error) bool {
	for _, item := range api.Errors {
		if strings.HasSuffix(strings.ToLower(item.Reason), "ratelimitexceeded") {
			return true
		}
	}
	return false
}

// googleText is the store's own short explanation.
func googleText(api *googleapi.Error) string {
	words := googleWords(api)
	if words == "" {
		words = http.StatusText(api.Code)
	}
	return oneLine("%s (status %d)", words, api.Code)
}

// googleWords are the store's words: of a structured error, or of a plain body,
// but none of a page for browsers.
func googleWords(api *googleapi.Error) string {
	if api.Message != "" || strings.HasPrefix(strings.TrimSpace(api.Body), "<") {
		return api.Message
	}
	return api.Body
}
