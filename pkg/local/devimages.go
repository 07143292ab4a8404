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
	d.mu.Lock()
	if d.store == nil {
		d.store, err = image.Open(d.options)
	}
	store := d.store
	d.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	return store.Image(ctx, reference, registry)
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
