package storage

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// azurePages lists a container.
type azurePages struct{ client *container.Client }

func (p azurePages) page(ctx context.Context, prefix string, token []byte) ([]Object, []byte, error) {
	found, err := p.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{
		Prefix:     optional(prefix),
		Marker:     optional(string(token)),
		MaxResults: &pageObjects,
	}).NextPage(ctx)
	if err != nil {
		return nil, nil, azureKind(err)
	}
	if deref(found.ServiceEndpoint) == "" { // as with an answer without a body
		return nil, nil, errForeign
	}
	if found.Segment == nil {
		return nil, marker(found.NextMarker), nil
	}
	var objects []Object
	for _, item := range found.Segment.BlobItems {
		if attrs, ok := listedAttrs(item); ok {
			objects = append(objects, Object{deref(item.Name), attrs})
		}
	}
	return objects, marker(found.NextMarker), nil
}

// listedAttrs leaves out the folders that accounts with a hierarchy list
// among their objects.
func listedAttrs(item *container.BlobItem) (Attrs, bool) {
	p := item.Properties
	if p == nil || deref(p.ResourceType) == "directory" {
		return Attrs{}, false
	}
	return azureAttrs(deref(p.ContentLength), p.ETag, p.LastModified), true
}

func (p azurePages) folderPage(ctx context.Context, prefix string, token []byte) ([]string, []byte, error) {
	found, err := p.client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{
		Prefix:     optional(prefix),
		Marker:     optional(string(token)),
		MaxResults: &pageObjects,
	}).NextPage(ctx)
	if err != nil {
		return nil, nil, azureKind(err)
	}
	if deref(found.ServiceEndpoint) == "" {
		return nil, nil, errForeign
	}
	if found.Segment == nil {
		return nil, marker(found.NextMarker), nil
	}
	var names []string
	for _, folder := range found.Segment.BlobPrefixes {
		names = append(names, folderName(deref(folder.Name), prefix))
	}
	return names, marker(found.NextMarker), nil
}

// marker is the token of the next page, nil where there is none.
func marker(next *string) []byte {
	if deref(next) == "" {
		return nil
	}
	return []byte(*next)
}
