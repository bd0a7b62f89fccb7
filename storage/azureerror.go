package storage

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

// azureCodes maps the error codes whose HTTP status would mislead.
var azureCodes = map[bloberror.Code]error{
	bloberror.BlobAlreadyExists:                ErrExist,
	bloberror.AuthenticationFailed:             fmt.Errorf("%w: %w", ErrAzureCredentials, ErrRefused),
	bloberror.AuthorizationFailure:             fmt.Errorf("%w: %w", ErrAzureCredentials, ErrRefused),
	bloberror.InvalidAuthenticationInfo:        ErrAzureCredentials,
	bloberror.ContainerNotFound:                ErrNoBucket,
	bloberror.CannotVerifyCopySource:           ErrNotExist,
	bloberror.BlobArchived:                     ErrPermission,
	bloberror.BlobImmutableDueToPolicy:         ErrPermission,
	bloberror.LeaseIDMissing:                   ErrPermission,
	bloberror.ResourceTypeMismatch:             ErrInvalid, // a folder
	bloberror.MD5Mismatch:                      ErrTransient,
	bloberror.OperationTimedOut:                ErrTransient,
	bloberror.ServerBusy:                       ErrTransient,
	bloberror.InternalError:                    ErrTransient,
	bloberror.RequestBodyTooLarge:              ErrTooLarge,
	bloberror.UnsupportedHTTPVerb:              ErrUnsupported,
	bloberror.FeatureVersionMismatch:           ErrUnsupported,
	bloberror.InvalidBlobType:                  ErrInvalid,
	bloberror.InvalidRange:                     errBeyond,
	bloberror.Code("InvalidResourceName"):      ErrInvalid,
	bloberror.Code("FilesystemNotFound"):       ErrNoBucket,
	bloberror.Code("PathNotFound"):             ErrNotExist,
	bloberror.Code("PathAlreadyExists"):        ErrExist,
	bloberror.Code("SourcePathNotFound"):       ErrNotExist,
	bloberror.Code("AccountRequiresHttps"):     ErrInvalid,
	bloberror.Code("PublicAccessNotPermitted"): ErrPermission,
}

// azureKind reduces an error of Azure's client or of the network below it. The
// text keeps the store's code and words, without addresses and secrets. nil stays
// nil.
func azureKind(err error) error {
	if err == nil {
		return nil
	}
	if ended := contextError(err); ended != nil {
		return ended
	}
	if errors.Is(err, ErrAzureCredentials) {
		return ErrAzureCredentials
	}
	var api *azcore.ResponseError
	if !errors.As(err, &api) {
		return networkKind(err)
	}
	kind, ok := azureCodes[bloberror.Code(api.ErrorCode)]
	switch {
	case !ok:
		kind = statusKind(api.StatusCode)
	case api.ErrorCode == string(bloberror.AuthenticationFailed) && ranOut(api.RawResponse):
		kind = ErrAzureCredentials
	}
	var header http.Header
	words := http.StatusText(api.StatusCode)
	if api.RawResponse != nil {
		header, words = api.RawResponse.Header, api.RawResponse.Status
	}
	return retryLater(fmt.Errorf("%w: %s", kind, oneLine("%s (status %s)", api.ErrorCode, words)), header)
}

// ranOut tells a signature whose time is over, or has not come, from one that is
// wrong: it is refused for every object.
func ranOut(response *http.Response) bool {
	if response == nil {
		return false
	}
	words, err := runtime.Payload(response)
	return err == nil && bytes.Contains(words, []byte("not valid in the specified time frame"))
}
