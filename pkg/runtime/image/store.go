package image

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/atomicfile"
	"s/pkg/fc"
)

const (
	layersName = "layers"
	refsName   = "refs"
	tempPrefix = ".tmp-"
	treeName   = "fs"
	recordExt  = ".json"
	// atOnce is how many layers are unpacked, or pulled, at a time.
	atOnce = 3
)

// Options of a Store.
type Options struct {
	// Dir is the store's folder; it is made if missing. One store at a time may
	// use it.
	Dir string
	// Wanted reports whether a function has an image of this name: what nobody
	// wants and no instance runs is removed.
	Wanted func(reference string) bool
	// Engines have images, too; they are asked before the registry.
	Engines []Engine
	// Transport reaches registries; nil is the library's.
	Transport http.RoundTripper
}

// Store keeps images. Each layer is a folder layers/<name>/fs, in the form that
// overlayfs wants it (layer.go), with notes beside it; refs/<name>.json says what a reference stood for
// when it was last looked at. All appears under a temporary name first, so that
// what has its final name is whole.
type Store struct {
	dir       string
	wanted    func(string) bool
	engines   []Engine
	transport http.RoundTripper

	mu       sync.Mutex
	holds    map[string]int        // layers in use, by name
	opening  int                   // images, whose layers have no other claim yet
	unpacks  map[string]*unpacking // under way
	removals sync.WaitGroup
}

// unpacking is one unpack that several callers may wait for.
type unpacking struct {
	done chan struct{}
	err  error
}

// Open opens a store and removes what nobody wants.
func Open(o Options) (*Store, error) {
	s := &Store{
		dir: o.Dir, wanted: o.Wanted, engines: o.Engines, transport: o.Transport,
		holds: map[string]int{}, unpacks: map[string]*unpacking{},
	}
	for _, name := range []string{layersName, refsName} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
			return nil, err
		}
		left, err := filepath.Glob(filepath.Join(s.dir, name, tempPrefix+"*"))
		if err != nil {
			return nil, err
		}
		for _, path := range left { // of a process that was killed
			s.removals.Go(func() { removeTree(path) })
		}
	}
	s.Collect()
	return s, nil
}

// Close waits for what is being removed.
func (s *Store) Close() { s.removals.Wait() }

// shortName names the folder of a layer: overlayfs takes the names of all of
// them in one page.
func shortName(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// Image finds the image of a reference as it is now, unpacks what isn't here yet
// and gives it. registry says how its registry is reached; nil is as Docker
// would. It stays until release is called. Errors are *NotFoundError,
// *PlatformError, *LayerError or the system's. An image that is here is given
// even if its registry can't be reached; Image.Warning says so.
func (s *Store) Image(ctx context.Context, reference string, registry *fc.RegistryConfig) (img *Image, release func(), err error) {
	s.mu.Lock()
	s.opening++
	s.mu.Unlock()
	img, err = s.current(ctx, reference, registry)
	var names []string
	if err == nil {
		names = img.Layers
	}
	s.mu.Lock()
	for _, name := range names {
		s.holds[name]++
	}
	s.opening--
	s.mu.Unlock()
	if err != nil {
		s.Collect()
		return nil, nil, err
	}
	return img, sync.OnceFunc(func() { s.release(names) }), nil
}

// ID is the Image.ID of what a reference stands for now, whether it is here or not;
// nothing is fetched. The arguments and errors are those of Image.
func (s *Store) ID(ctx context.Context, reference string, registry *fc.RegistryConfig) (string, error) {
	f, err := s.find(ctx, reference, registry)
	return f.id, err
}

func (s *Store) release(layers []string) {
	s.mu.Lock()
	for _, name := range layers {
		if s.holds[name]--; s.holds[name] == 0 {
			delete(s.holds, name)
		}
	}
	s.mu.Unlock()
	s.Collect()
}

// current gives the image that the reference stands for now.
func (s *Store) current(ctx context.Context, reference string, registry *fc.RegistryConfig) (*Image, error) {
	known := s.known(reference)
	if known != nil && strings.Contains(reference, "@sha256:") {
		return known, nil // it can't stand for another one
	}
	find := ctx
	if known != nil {
		var cancel context.CancelFunc
		find, cancel = context.WithTimeout(ctx, askLimit)
		defer cancel()
	}
	f, err := s.find(find, reference, registry)
	switch {
	case err != nil && known != nil && ctx.Err() == nil:
		known.Warning = fmt.Sprintf("the image is used as it was last found: %v", err)
		return known, nil
	case err != nil:
		return nil, err
	case known != nil && known.ID == f.id:
		return known, nil
	}
	return s.take(ctx, reference, f)
}

// known reads what a reference stood for, if all of that is here.
func (s *Store) known(reference string) *Image {
	text, err := os.ReadFile(s.record(reference))
	if err != nil {
		return nil
	}
	img := &Image{}
	if json.Unmarshal(text, img) != nil || img.Reference != reference {
		return nil
	}
	img.Dir = filepath.Join(s.dir, layersName)
	for _, name := range img.Layers {
		if _, err := os.Stat(filepath.Join(img.Dir, name, treeName)); err != nil {
			return nil
		}
	}
	return img
}

func (s *Store) record(reference string) string {
	return filepath.Join(s.dir, refsName, shortName(reference)+recordExt)
}

// take unpacks an image and writes down that the reference stands for it.
func (s *Store) take(ctx context.Context, reference string, f found) (*Image, error) {
	scratch, err := os.MkdirTemp(filepath.Join(s.dir, layersName), tempPrefix+"*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	source, err := f.load(ctx, scratch)
	if err != nil {
		return nil, err
	}
	file, err := source.ConfigFile()
	if err != nil {
		return nil, err
	}
	if err := checkPlatform(reference, file); err != nil {
		return nil, err
	}
	img := &Image{Reference: reference, ID: f.id, Dir: filepath.Join(s.dir, layersName), Config: configOf(file)}
	if img.Layers, err = s.layers(ctx, source, file.RootFS.DiffIDs); err != nil {
		return nil, err
	}
	text, err := json.Marshal(img)
	if err != nil {
		return nil, err
	}
	return img, atomicfile.Write(s.record(reference), text, atomicfile.Options{Mode: 0o600})
}

// layers unpacks the layers of an image, some at a time. The hashes are those
// that the image's configuration has of their contents.
func (s *Store) layers(ctx context.Context, source v1.Image, hashes []v1.Hash) ([]string, error) {
	list, err := source.Layers()
	if err != nil {
		return nil, err
	}
	if len(list) != len(hashes) {
		return nil, fmt.Errorf("the image has %d layers, and its configuration tells of %d", len(list), len(hashes))
	}
	names, errs := make([]string, len(list)), make([]error, len(list))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, layer := range list {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if names[i], errs[i] = s.layer(ctx, layer, hashes[i]); errs[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	return names, errors.Join(errs...)
}

// layer unpacks one layer, once however many ask, and names its folder.
func (s *Store) layer(ctx context.Context, layer v1.Layer, hash v1.Hash) (string, error) {
	name := shortName(hash.String())
	dir := filepath.Join(s.dir, layersName, name)
	s.mu.Lock()
	if _, err := os.Stat(dir); err == nil {
		s.mu.Unlock()
		return name, nil
	}
	u, running := s.unpacks[name]
	if !running {
		u = &unpacking{done: make(chan struct{})}
		s.unpacks[name] = u
	}
	s.mu.Unlock()
	if running {
		<-u.done
		if errors.Is(u.err, context.Canceled) && ctx.Err() == nil { // the other caller's
			return s.layer(ctx, layer, hash)
		}
		return name, u.err
	}
	u.err = s.unpack(ctx, layer, hash, dir)
	s.mu.Lock()
	delete(s.unpacks, name)
	s.mu.Unlock()
	close(u.done)
	return name, u.err
}
