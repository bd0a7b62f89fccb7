package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azblobs "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
)

// copyWait is the first wait for a copy that the service makes in the
// background; it doubles up to copyWaits times that.
const (
	copyWait  = 50 * time.Millisecond
	copyWaits = 40
)

// link copies within the account and never replaces an object.
func (s *azure) link(ctx context.Context, dst, src string) error {
	to := s.once.NewBlobClient(dst)
	begun, err := to.StartCopyFromURL(ctx, s.once.NewBlobClient(src).URL(), &azblobs.StartCopyFromURLOptions{
		AccessConditions: &azblobs.AccessConditions{ModifiedAccessConditions: ifAbsent()},
	})
	if err != nil {
		return s.await(ctx, to, azureKind(err))
	}
	return s.copied(ctx, to, deref(begun.CopyStatus), deref(begun.CopyID))
}

// await lets a copy end that an earlier try has begun, so that what is there
// can be compared; taken is the answer to this try.
func (s *azure) await(ctx context.Context, to *azblobs.Client, taken error) error {
	if !errors.Is(taken, ErrExist) {
		return taken
	}
	found, err := to.GetProperties(ctx, nil)
	if err != nil {
		return azureKind(err)
	}
	if err := s.copied(ctx, to, deref(found.CopyStatus), deref(found.CopyID)); err != nil && deref(found.CopyStatus) != "" {
		return err
	}
	return taken
}

// copied waits until the copy that was begun under id is done; one that was
// not yet done when ctx ended goes on in the service. What a failed one left
// is removed.
func (s *azure) copied(ctx context.Context, to *azblobs.Client, status azblobs.CopyStatusType, id string) error {
	var tag *azcore.ETag
	for wait := copyWait; status == azblobs.CopyStatusTypePending; wait = min(2*wait, copyWaits*copyWait) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		found, err := to.GetProperties(ctx, nil)
		if err != nil {
			return azureKind(err)
		}
		if deref(found.CopyID) != id {
			return fmt.Errorf("%w: another copy took its place", ErrExist)
		}
		status, tag = deref(found.CopyStatus), found.ETag
	}
	if status == azblobs.CopyStatusTypeSuccess {
		return nil
	}
	if tag != nil {
		to.Delete(ctx, &azblobs.DeleteOptions{AccessConditions: &azblobs.AccessConditions{
			ModifiedAccessConditions: &azblobs.ModifiedAccessConditions{IfMatch: tag}}})
	}
	return fmt.Errorf("%w: the copy ended as %q", ErrTransient, status)
}
