package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"s/pkg/fc"
)

// askLimit bounds the question for the state of an image that is here already,
// and for one in an engine's store.
const askLimit = 10 * time.Second

// Engine is a program with a store of images.
type Engine struct {
	Name string // docker, podman
	// Inspect gives the id of an image in the store. An error says why there is
	// none.
	Inspect func(ctx context.Context, reference string) (id string, err error)
	// Save writes the image as `docker save` does.
	Save func(ctx context.Context, reference, file string) error
}

// findReference looks in the engines' stores, then in the registry.
func (s *Store) findReference(ctx context.Context, reference string, registry *fc.RegistryConfig) (found, error) {
	reference = strings.TrimPrefix(reference, "docker://")
	ref, err := name.ParseReference(reference)
	if err != nil {
		return found{}, err
	}
	var looked []string
	for _, e := range s.engines {
		ask, cancel := context.WithTimeout(ctx, askLimit)
		id, err := e.Inspect(ask, reference)
		cancel()
		if err == nil {
			return found{id: e.Name + " " + id, load: e.export(reference)}, nil
		}
		if ctx.Err() != nil {
			return found{}, ctx.Err()
		}
		looked = append(looked, e.Name+": "+err.Error())
	}
	f, err := s.findRemote(ctx, reference, ref, registry)
	if err == nil || ctx.Err() != nil {
		return f, err
	}
	looked = append(looked, ref.Context().RegistryStr()+": "+refusal(err))
	return found{}, &NotFoundError{Reference: reference, Looked: looked}
}

// export reads an image out of an engine's store.
func (e Engine) export(reference string) func(context.Context, string) (v1.Image, error) {
	return func(ctx context.Context, scratch string) (v1.Image, error) {
		file := filepath.Join(scratch, "image.tar")
		if err := e.Save(ctx, reference, file); err != nil {
			return nil, fmt.Errorf("%s save %s: %w", e.Name, reference, err)
		}
		if _, err := os.Stat(file); err != nil {
			return nil, err
		}
		return loadArchive(file, "")
	}
}

// findRemote asks the registry, as its configuration has it; without one,
// anonymously or with the user's own credentials for Docker.
func (s *Store) findRemote(ctx context.Context, reference string, ref name.Reference, registry *fc.RegistryConfig) (found, error) {
	transport, err := Transport(registry, s.transport)
	if err != nil {
		return found{}, err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if auth := Auth(registry); auth != nil {
		options[2] = remote.WithAuth(auth)
	}
	// Registries count who reads a manifest, not who asks for its digest.
	id := ""
	if d, err := remote.Head(ref, options...); err == nil {
		id = d.Digest.String()
	} else {
		d, err := remote.Get(ref, options...)
		if err != nil {
			return found{}, err
		}
		id = d.Digest.String()
	}
	return found{id: id, load: func(ctx context.Context, _ string) (v1.Image, error) {
		options[0] = remote.WithContext(ctx)
		d, err := remote.Get(ref.Context().Digest(id), options...)
		if err != nil {
			return nil, err
		}
		if !d.MediaType.IsIndex() {
			return d.Image()
		}
		index, err := d.ImageIndex()
		if err != nil {
			return nil, err
		}
		manifest, err := index.IndexManifest()
		if err != nil {
			return nil, err
		}
		return choose(reference, index, manifest.Manifests, platform())
	}}, nil
}

// refusal says what a registry said, in a line.
func refusal(err error) string {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return err.Error()
	}
	switch answer.StatusCode {
	case http.StatusNotFound:
		return "there is no such image"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "access denied, or there is no such image: `docker login` to it, if it is private"
	}
	return err.Error()
}
