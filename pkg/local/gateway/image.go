package gateway

import (
	"context"
	"net/http"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/image"
	"s/pkg/runtime/instance"
	"s/pkg/runtime/sandbox"
)

// refreshLimit bounds how long somebody waits who only asks what a function is.
const refreshLimit = 5 * time.Second

// Images keeps images ready to run.
type Images interface {
	// Image gives the image of a reference, which stays until release is called.
	// registry says how its registry is reached; nil is as Docker would.
	Image(ctx context.Context, reference string, registry *fc.RegistryConfig) (img *image.Image, release func(), err error)
	// ID is the Image.ID of the image that a reference stands for now.
	ID(ctx context.Context, reference string, registry *fc.RegistryConfig) (string, error)
	// Collect removes those that no function has any more.
	Collect()
}

// image opens an image. What is wrong with it is why its function can't start.
func (g *Gateway) image(reference string, registry *fc.RegistryConfig) (*image.Image, func(), error) {
	if i := g.cfg.Launcher.Isolation(); i.Mode == sandbox.ModeProcess {
		return nil, nil, instance.NoImages(i)
	}
	if g.cfg.Images == nil {
		return nil, nil, reply.NotServed("an image as a function")
	}
	img, release, err := g.cfg.Images.Image(g.ctx, reference, registry)
	if err != nil && g.ctx.Err() == nil {
		err = &fc.APIError{Status: http.StatusPreconditionFailed, Code: fc.CodeFunctionNotStarted, Message: err.Error()}
	}
	return img, release, err
}

// Refresh looks whether the name of a function's image stands for another image
// by now, as after a build; then new instances run that one, and the old ones
// finish what they do and end. Versions keep theirs. It doesn't wait until the new
// one is unpacked: the next invocation does.
func (g *Gateway) Refresh(ctx context.Context, region, function string) {
	k := key{region: region, function: function, qualifier: fc.LatestQualifier}
	g.mu.RLock()
	e := g.entries[k]
	g.mu.RUnlock()
	if e == nil {
		return // the first invocation looks
	}
	select {
	case <-e.ready:
	default:
		return // it is being looked at
	}
	if e.image == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	id, err := g.cfg.Images.ID(ctx, e.image.Reference, e.fn.Function.CustomContainerConfig.RegistryConfig)
	if err != nil || id == e.image.ID {
		return // what is wrong is for the next start to tell
	}
	g.mu.Lock()
	current := g.entries[k] == e && !g.closed
	if current {
		delete(g.entries, k)
		g.retire(e)
	}
	g.mu.Unlock()
	if current {
		_, _ = g.enter(e.Resolved) // fails if the cloud is stopping
	}
}
