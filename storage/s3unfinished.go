package storage

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// unfinished lists uploads in parts that were begun and neither completed nor
// aborted.
func (a *amazon) unfinished(ctx context.Context, prefix string, attempt attempt) iter.Seq2[Unfinished, error] {
	return func(yield func(Unfinished, error) bool) {
		var token []byte
		for {
			found, next, err := onePage(ctx, attempt, a.uploadPage, prefix, token)
			if err != nil {
				yield(Unfinished{}, err)
				return
			}
			for _, u := range found {
				if !yield(u, nil) {
					return
				}
			}
			if token = next; token == nil {
				return
			}
		}
	}
}

// tokenSeparator is in no key and in no upload's id.
const tokenSeparator = "\x00"

func (a *amazon) uploadPage(ctx context.Context, prefix string, token []byte) ([]Unfinished, []byte, error) {
	key, id, _ := strings.Cut(string(token), tokenSeparator)
	page, err := a.uploadsAfter(ctx, prefix, key, id)
	if id != "" && errors.Is(err, ErrInvalid) {
		// There are servers that do not know the marker they gave. What such a one
		// has of the same key on the next page is left for the next listing.
		page, err = a.uploadsAfter(ctx, prefix, key, "")
	}
	if err != nil {
		return nil, nil, noUploads(err)
	}
	var found []Unfinished
	for _, u := range page.Uploads {
		name, err := listedKey(aws.ToString(u.Key), page.EncodingType)
		if err != nil {
			return nil, nil, err
		}
		if strings.HasPrefix(name, prefix) { // not every server looks at the prefix
			found = append(found, Unfinished{Key: name, Since: aws.ToTime(u.Initiated), id: aws.ToString(u.UploadId)})
		}
	}
	next, err := a.nextUploads(page)
	return found, next, err
}

func (a *amazon) uploadsAfter(ctx context.Context, prefix, key, id string) (*s3.ListMultipartUploadsOutput, error) {
	page, err := a.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
		Bucket:         &a.bucket,
		Prefix:         optional(prefix),
		KeyMarker:      optional(key),
		UploadIdMarker: optional(id),
		EncodingType:   types.EncodingTypeUrl,
		MaxUploads:     &pageObjects,
	})
	if err != nil {
		return nil, a.kind(err)
	}
	return page, nil
}

// noUploads words what servers answer to a bucket in which no upload was ever
// begun.
func noUploads(err error) error {
	if errors.Is(err, ErrNotExist) && !errors.Is(err, ErrNoBucket) {
		return nil
	}
	return err
}

func (a *amazon) nextUploads(page *s3.ListMultipartUploadsOutput) ([]byte, error) {
	if !aws.ToBool(page.IsTruncated) || aws.ToString(page.NextKeyMarker) == "" {
		return nil, nil
	}
	key, err := listedKey(*page.NextKeyMarker, page.EncodingType)
	return []byte(key + tokenSeparator + aws.ToString(page.NextUploadIdMarker)), err
}

func (a *amazon) discard(ctx context.Context, full string, u Unfinished) error {
	_, err := a.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &a.bucket, Key: &full, UploadId: &u.id})
	if err != nil {
		return a.kind(err)
	}
	return nil
}
