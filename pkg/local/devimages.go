package local

import (
	"context"
	"sync"

	"s/pkg/fc"
	"s/pkg/runtime/image"
)

// devImages is a store of images that is opened when the first one is wanted.
type devImages struct {
	options image.Options

	mu    sync.Mutex
	store *image.Store
}

// Image gives an image, unpacked.
func (d *devImages) Image(ctx context.Context, reference string, registry *fc.RegistryConfig) (img *image.Image, release func(), err error) {
	store, err := d.open()
	if err != nil {
		return nil, nil, err
	}
	return store.Image(ctx, reference, registry)
}

// ID is the Image.ID of what a reference stands for now.
func (d *devImages) ID(ctx context.Context, reference string, registry *fc.RegistryConfig) (string, error) {
	store, err := d.open()
	if err != nil {
		return "", err
	}
	return store.ID(ctx, reference, registry)
}

func (d *devImages) open() (store *image.Store, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.store == nil {
		d.store, err = image.Open(d.options)
	}
	return d.store, err
}

// Collect removes images that no function is any more.
func (d *devImages) Collect() {
	if store := d.opened(); store != nil {
		store.Collect()
	}
}

func (d *devImages) close() {
	if store := d.opened(); store != nil {
		store.Close()
	}
}

func (d *devImages) opened() *image.Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.store
}
