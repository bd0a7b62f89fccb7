package storage

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

// maxAnswerBytes bounds an XML answer of an S3 store: a page of 1,000 names of
// 1,024 bytes each, encoded, has 4 MB.
const maxAnswerBytes = 64 << 20

// wholeAnswers hands on an XML answer of an S3 store when it is what was asked for.
// The vendor's client takes an answer without a body, a page for browsers or any
// other document for one without content: a listing of nothing, or an upload
// without an id, which ends the whole program.
type wholeAnswers struct{ next http.RoundTripper }

func (a wholeAnswers) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(request)
	root := answerTo(request)
	if err != nil || root == "" || response.StatusCode != http.StatusOK {
		return response, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	response.Body.Close()
	if err == nil {
		err = checkAnswer(body, root)
	}
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// answerTo is the root element of the answer to a request, "" where it has none
// or is not looked at.
func answerTo(request *http.Request) string {
	query := request.URL.Query()
	switch {
	case request.Method == http.MethodGet && query.Has("list-type"):
		return "ListBucketResult"
	case request.Method == http.MethodGet && query.Has("uploads"):
		return "ListMultipartUploadsResult"
	case request.Method == http.MethodPost && query.Has("uploads"):
		return "InitiateMultipartUploadResult"
	case request.Method == http.MethodPost && query.Has("uploadId"):
		return "CompleteMultipartUploadResult"
	case request.Method == http.MethodPut && request.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObjectResult"
	}
	return ""
}

// checkAnswer leaves errors in answers of status 200 to the client, which knows
// them.
func checkAnswer(body []byte, root string) error {
	found := rootOf(body)
	if found == "Error" || found == root && (root != "InitiateMultipartUploadResult" || bytes.Contains(body, []byte("<UploadId>"))) {
		return nil
	}
	return fmt.Errorf("%w: %d bytes that are no %s", errForeign, len(body), root)
}

// rootOf is the name of a document's outermost element, "" where it is none.
func rootOf(body []byte) string {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}
