// Package registry brings images that are on this machine to the registry from
// which the cloud pulls them: those in the store of Docker or Podman by the
// engine itself, those in files over the registry's protocol. It knows how one
// signs in to Alibaba Cloud's Container Registry with an access key.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/runtime/image"
)

// headLimit bounds the question for what a registry has.
const headLimit = 15 * time.Second

// Pusher pushes images.
type Pusher struct {
	// Dir keeps what was pushed, so that it isn't pushed twice.
	Dir string
	// Keys sign in to Alibaba Cloud's registries.
	Keys fcsign.Keys
	// Engines may have images.
	Engines []Engine
	// Transport reaches registries and the API of Container Registry; nil is
	// http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Wanted is an image that a function has.
type Wanted struct {
	// Reference is its name in a registry.
	Reference string
	// Files is the name of its files, as fc.LocalImage has it; empty looks in the
	// stores of engines.
	Files string
	// Instance is the id of the instance of Container Registry Enterprise Edition.
	Instance string
	// Config says how the cloud reaches a registry of the user's own.
	Config *fc.RegistryConfig
}

// Image is an image that was found on this machine.
type Image struct {
	Wanted
	// From is docker, podman or the name of the files.
	From string
	// Digest is that in the registry; empty if it isn't known before a push.
	Digest string
	// Pushed reports that the registry has this image under its reference.
	Pushed bool

	id     string // changes with the content
	engine *Engine
	files  image.Files
	public name.Reference // where it is pushed to
}

// PushError is an image that the registry hasn't got now.
type PushError struct {
	Reference string
	From      string
	Err       error
}

// Error names the image and where it is.
func (e *PushError) Error() string {
	return fmt.Sprintf("push %s from %s: %v", e.Reference, e.From, e.Err)
}

// Unwrap gives the cause.
func (e *PushError) Unwrap() error { return e.Err }

// cloudPlatform is what Function Compute runs.
func cloudPlatform() v1.Platform { return v1.Platform{OS: "linux", Architecture: "amd64"} }

// Check says with *image.NotFoundError that an image isn't in the files that a
// name means (fc.LocalImage); of other names, and of files that can't be read, it
// says nothing.
func Check(name string) error {
	if _, _, _, inFiles := fc.LocalImage(name); !inFiles {
		return nil
	}
	_, err := image.FindFiles(name, v1.Platform{OS: "linux", Architecture: runtime.GOARCH})
	var missing *image.NotFoundError
	if errors.As(err, &missing) {
		return missing
	}
	return nil
}

// Find looks for an image on this machine, and whether its registry has it. It
// gives nil if there is none: then the registry is where it is. A name with a
// digest stands for what the registry has.
func (p *Pusher) Find(ctx context.Context, w Wanted) (*Image, error) {
	w.Reference = strings.TrimPrefix(w.Reference, "docker://")
	ref, err := name.ParseReference(w.Reference)
	if err != nil {
		return nil, err
	}
	if _, pinned := ref.(name.Digest); pinned && w.Files == "" {
		return nil, nil
	}
	public, err := name.ParseReference(publicName(ref))
	if err != nil {
		return nil, err
	}
	found := &Image{Wanted: w, public: public}
	var digests []string
	if w.Files != "" {
		found.files, err = image.FindFiles(w.Files, cloudPlatform())
		found.From, found.id = w.Files, found.files.ID()
	} else {
		digests, err = p.ask(ctx, found)
	}
	if err != nil || found.id == "" {
		return nil, forCloud(err)
	}
	if known := p.pushed(w.Reference, found.id); known != "" {
		digests = append(digests, known)
	}
	if len(digests) == 0 {
		return found, nil
	}
	if now := p.head(ctx, found); slices.Contains(digests, now) {
		found.Digest, found.Pushed = now, true
	}
	return found, nil
}

// ask looks for an image in the stores of engines; the id of found stays empty if
// none has it. It gives the digests that the registry is known to have of it.
func (p *Pusher) ask(ctx context.Context, found *Image) ([]string, error) {
	for i := range p.Engines {
		id, digests, err := p.Engines[i].inspect(ctx, found.Reference, found.public.Context().Name())
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			found.engine, found.From, found.id = &p.Engines[i], p.Engines[i].Name, id
			return digests, nil
		}
	}
	return nil, nil
}

// forCloud says of an image for other processors what the cloud needs.
func forCloud(err error) error {
	var other *image.PlatformError
	if !errors.As(err, &other) {
		return err
	}
	return fmt.Errorf("the image %s is for %s, and Function Compute runs %s: build it with --platform %s",
		other.Reference, strings.Join(other.Has, ", "), other.Wants, other.Wants)
}

// Push brings an image to its registry and gives its digest there. Errors are
// *PushError.
func (p *Pusher) Push(ctx context.Context, img *Image) (digest string, err error) {
	fail := func(err error) (string, error) {
		if err == nil {
			return digest, nil
		}
		return "", &PushError{img.Reference, img.From, refusal(err)}
	}
	who, err := p.login(ctx, img)
	if err != nil {
		return fail(err)
	}
	options, err := p.options(ctx, img, who)
	if err != nil {
		return fail(err)
	}
	if img.engine == nil {
		digest, err = p.write(ctx, img, options)
	} else if err = img.engine.push(ctx, img, who); err == nil {
		digest, err = headDigest(img.public, options)
	}
	if err == nil {
		err = p.remember(img.Reference, img.id, digest)
	}
	return fail(err)
}

// refusal says in words what a registry answers to who may not push.
func refusal(err error) error {
	var answer *transport.Error
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return fmt.Errorf("the registry denies access (HTTP %d)", answer.StatusCode)
	}
	return err
}

// write sends an image of files to the registry; layers that it has aren't sent.
func (p *Pusher) write(ctx context.Context, img *Image, options []remote.Option) (string, error) {
	scratch, err := os.MkdirTemp("", "s-push-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(scratch)
	source, err := img.files.Load(ctx, scratch)
	if err != nil {
		return "", forCloud(err)
	}
	file, err := source.ConfigFile()
	if err != nil {
		return "", err
	}
	if wants := cloudPlatform(); file.Architecture != "" && file.Architecture != wants.Architecture {
		has := v1.Platform{OS: file.OS, Architecture: file.Architecture, Variant: file.Variant}
		return "", forCloud(&image.PlatformError{Reference: img.Files, Has: []string{has.String()}, Wants: wants.String()})
	}
	if err := remote.Write(img.public, source, options...); err != nil {
		return "", err
	}
	digest, err := source.Digest()
	return digest.String(), err
}

// head is the digest that the registry has under the image's name; empty if it has
// none, or doesn't tell: then the push tells why.
func (p *Pusher) head(ctx context.Context, img *Image) string {
	ctx, cancel := context.WithTimeout(ctx, headLimit)
	defer cancel()
	who, err := p.login(ctx, img)
	if err != nil {
		return ""
	}
	options, err := p.options(ctx, img, who)
	if err != nil {
		return ""
	}
	digest, _ := headDigest(img.public, options)
	return digest
}

func headDigest(ref name.Reference, options []remote.Option) (string, error) {
	d, err := remote.Head(ref, options...)
	if err != nil {
		return "", err
	}
	return d.Digest.String(), nil
}

func (p *Pusher) options(ctx context.Context, img *Image, who *login) ([]remote.Option, error) {
	reach, err := image.Transport(img.Config, p.Transport)
	if err != nil {
		return nil, err
	}
	auth := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	if who != nil {
		auth = remote.WithAuth(&authn.Basic{Username: who.user, Password: who.password})
	}
	return []remote.Option{remote.WithContext(ctx), remote.WithTransport(reach), auth, remote.WithJobs(runtime.NumCPU())}, nil
}

// login is who signs in to a registry.
type login struct{ user, password string }

// login finds out who signs in; nil is whom `docker login` or `podman login`
// stored, or nobody. Alibaba Cloud's registries give a key's owner a temporary
// password.
func (p *Pusher) login(ctx context.Context, img *Image) (*login, error) {
	registry := img.public.Context().Registry
	stored, err := authn.DefaultKeychain.Resolve(registry)
	if err != nil {
		return nil, fmt.Errorf("the configuration of Docker: %w", err)
	}
	known := stored != authn.Anonymous
	if host, ok := parseHost(registry.RegistryStr()); ok {
		who, err := p.token(ctx, host, img.Instance)
		if err != nil && known {
			return nil, nil
		}
		return who, err
	}
	if known || image.Auth(img.Config) == nil {
		return nil, nil
	}
	auth := img.Config.AuthConfig
	return &login{auth.UserName, auth.Password}, nil
}

// remembered is the file that has what was pushed under a reference.
func (p *Pusher) remembered(reference string) string {
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|@`, r) {
			return '_'
		}
		return r
	}, reference)
	return filepath.Join(p.Dir, clean+".json")
}
