package storage

import (
	"context"
	"errors"
	"io"
	"iter"
)

// stepped is a store that tells its steps to whoever asked for them by
// WithSteps. Without a hook an operation costs one look into the context more.
type stepped struct{ store }

func (s stepped) stat(ctx context.Context, key string) (attrs Attrs, err error) {
	err = answered(ctx, "stat", key, func() (err error) {
		attrs, err = s.store.stat(ctx, key)
		return err
	})
	return attrs, err
}

func (s stepped) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Attrs, error) {
	return openStepped(ctx, key, func() (io.ReadCloser, Attrs, error) { return s.store.open(ctx, key, offset, length) })
}

// openStepped opens a body that tells its steps.
func openStepped(ctx context.Context, name string, open func() (io.ReadCloser, Attrs, error)) (body io.ReadCloser, attrs Attrs, err error) {
	err = step(ctx, "open", name, func() (err error) {
		body, attrs, err = open()
		return err
	})
	if err == nil && stepsOf(ctx) != nil {
		body = steppedBody{body, ctx, name}
	}
	return body, attrs, err
}

// steppedBody is the body of an object; its end is a read, too.
type steppedBody struct {
	io.ReadCloser
	ctx  context.Context
	name string
}

func (b steppedBody) Read(p []byte) (n int, err error) {
	err = step(b.ctx, "read", b.name, func() (err error) {
		n, err = b.ReadCloser.Read(p)
		return err
	})
	return n, err
}

func (s stepped) create(ctx context.Context, key string) (u upload, err error) {
	err = step(ctx, "create", key, func() (err error) {
		u, err = s.store.create(ctx, key)
		return err
	})
	if err == nil && stepsOf(ctx) != nil {
		u = steppedUpload{u, ctx, key}
	}
	return u, err
}

// steppedUpload is an object on its way.
type steppedUpload struct {
	upload
	ctx  context.Context
	name string
}

func (u steppedUpload) Write(p []byte) (n int, err error) {
	err = answered(u.ctx, "write", u.name, func() (err error) {
		n, err = u.upload.Write(p)
		return err
	})
	return n, err
}

func (u steppedUpload) commit() error {
	committing := false
	err := answered(u.ctx, "commit", u.name, func() error {
		committing = true
		return u.upload.commit()
	})
	if !committing {
		return errors.Join(err, u.upload.abort())
	}
	return err
}

func (u steppedUpload) abort() error {
	prevented := step(u.ctx, "abort", u.name, func() error { return nil })
	return errors.Join(prevented, u.upload.abort())
}

func (s stepped) putOnce(ctx context.Context, key string, data []byte) error {
	return answered(ctx, "put", key, func() error { return s.store.putOnce(ctx, key, data) })
}

func (s stepped) link(ctx context.Context, dst, src string) error {
	return answered(ctx, "link", dst, func() error { return s.store.link(ctx, dst, src) })
}

func (s stepped) remove(ctx context.Context, key string) error {
	return answered(ctx, "remove", key, func() error { return s.store.remove(ctx, key) })
}

func (s stepped) list(ctx context.Context, prefix string, try attempt) iter.Seq2[Object, error] {
	return s.store.list(ctx, prefix, steppedAttempts(prefix, try))
}

func (s stepped) folders(ctx context.Context, prefix string, try attempt) ([]string, error) {
	return s.store.folders(ctx, prefix, steppedAttempts(prefix, try))
}

func (s stepped) syncFolder(ctx context.Context, folder string) error {
	return answered(ctx, "sync", folder, func() error { return s.store.syncFolder(ctx, folder) })
}

// steppedAttempts makes each request of a listing a step.
func steppedAttempts(prefix string, try attempt) attempt {
	return func(ctx context.Context, ask func(context.Context) error) error {
		return try(ctx, func(ctx context.Context) error {
			return answered(ctx, "list", prefix, func() error { return ask(ctx) })
		})
	}
}
