package storage

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// amazon is the dialect of S3. gocloud escapes control characters and "../" in
// keys, on reading other people's objects, too; the keys of this package go
// out as they are.
type amazon struct {
	client  *s3.Client
	bucket  string
	sealing s3blob.Options
}

func (a *amazon) stat(ctx context.Context, key string) (Attrs, error) {
	head, err := a.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.bucket, Key: &key})
	if err != nil {
		return Attrs{}, a.kind(err)
	}
	if etag(head.ETag) == "" {
		return Attrs{}, errForeign
	}
	return Attrs{
		Size:    aws.ToInt64(head.ContentLength),
		Version: etag(head.ETag),
		ModTime: aws.ToTime(head.LastModified),
	}, nil
}

func (a *amazon) remove(ctx context.Context, key string) error {
	_, err := a.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &a.bucket, Key: &key})
	if err != nil {
		return a.kind(err)
	}
	return nil
}

// putOnce is one PUT of any size: not every store that keeps If-None-Match on
// a PUT keeps it at the end of an upload in parts.
func (a *amazon) putOnce(ctx context.Context, key string, data []byte) error {
	_, err := a.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:               &a.bucket,
		Key:                  &key,
		Body:                 bytes.NewReader(data),
		ContentType:          aws.String(contentType),
		IfNoneMatch:          aws.String("*"),
		ServerSideEncryption: a.sealing.EncryptionType,
		SSEKMSKeyId:          optional(a.sealing.KMSEncryptionID),
	})
	if err != nil {
		return a.kind(err)
	}
	return nil
}

func (a *amazon) page(ctx context.Context, prefix string, token []byte) ([]Object, []byte, error) {
	found, err := a.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket:            &a.bucket,
		Prefix:            optional(prefix),
		ContinuationToken: optional(string(token)),
		EncodingType:      types.EncodingTypeUrl,
		MaxKeys:           &pageObjects,
	})
	if err != nil {
		return nil, nil, a.kind(err)
	}
	objects := make([]Object, len(found.Contents))
	for i, o := range found.Contents {
		key, err := listedKey(aws.ToString(o.Key), found.EncodingType)
		if err != nil {
			return nil, nil, err
		}
		objects[i] = Object{key, Attrs{Size: aws.ToInt64(o.Size), Version: etag(o.ETag), ModTime: aws.ToTime(o.LastModified)}}
	}
	next, err := nextToken(found)
	return objects, next, err
}

func (a *amazon) folderPage(ctx context.Context, prefix string, token []byte) ([]string, []byte, error) {
	found, err := a.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket:            &a.bucket,
		Prefix:            optional(prefix),
		Delimiter:         aws.String("/"),
		ContinuationToken: optional(string(token)),
		EncodingType:      types.EncodingTypeUrl,
		MaxKeys:           &pageObjects,
	})
	if err != nil {
		return nil, nil, a.kind(err)
	}
	names := make([]string, len(found.CommonPrefixes))
	for i, folder := range found.CommonPrefixes {
		key, err := listedKey(aws.ToString(folder.Prefix), found.EncodingType)
		if err != nil {
			return nil, nil, err
		}
		names[i] = folderName(key, prefix)
	}
	next, err := nextToken(found)
	return names, next, err
}

// nextToken refuses a page that says that more follow and not how to get them.
func nextToken(page *s3.ListObjectsV2Output) ([]byte, error) {
	if !aws.ToBool(page.IsTruncated) {
		return nil, nil
	}
	if aws.ToString(page.NextContinuationToken) == "" {
		return nil, fmt.Errorf("%w: a page without the token of the next", errForeign)
	}
	return []byte(*page.NextContinuationToken), nil
}

// listedKey decodes a key where the store did as it was asked and encoded it.
func listedKey(key string, encoding types.EncodingType) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return key, nil
	}
	decoded, err := url.QueryUnescape(key)
	if err != nil {
		return "", invalid("the store listed a key in a broken encoding")
	}
	return decoded, nil
}

func (a *amazon) beforeRead(key string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var in *s3.GetObjectInput
		if as(&in) {
			in.Key = &key
		}
		return nil
	}
}

func (a *amazon) beforeWrite(key string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var in *transfermanager.UploadObjectInput
		if as(&in) {
			in.Key = &key
		}
		return nil
	}
}

// beforeCopy spells the source so that servers read the same key whether they
// take a plus sign for itself or for a space.
func (a *amazon) beforeCopy(dst, src string) func(func(any) bool) error {
	source := a.bucket + "/" + strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(src))
	return func(as func(any) bool) error {
		var in *s3.CopyObjectInput
		if as(&in) {
			in.Key, in.CopySource = &dst, &source
		}
		return nil
	}
}

func (a *amazon) readAttrs(r *blob.Reader) Attrs {
	attrs := Attrs{Size: r.Size(), ModTime: r.ModTime()}
	var out s3.GetObjectOutput
	if r.As(&out) {
		attrs.Version = etag(out.ETag)
		if out.ContentLength == nil && out.ContentRange == nil {
			attrs.Size = -1
		}
	}
	return attrs
}

func (a *amazon) checkRead(r *blob.Reader, offset int64) error {
	var out s3.GetObjectOutput
	if !r.As(&out) { // of no bytes gocloud asks for the attributes alone
		return nil
	}
	if etag(out.ETag) == "" {
		return errForeign
	}
	return checkRange(aws.ToString(out.ContentRange), offset)
}

// same: equal ETags are digests of equal content.
func (a *amazon) same(_, _ string, found, source Attrs) bool {
	return found.Version != "" && found.Version == source.Version
}

// etag is an ETag without its quotes.
func etag(quoted *string) string {
	return strings.Trim(aws.ToString(quoted), `"`)
}

// optional is nil for an option that is not set.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
