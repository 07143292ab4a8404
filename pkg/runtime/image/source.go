package image

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"s/pkg/fc"
)

// refName is the annotation that holds an image's tag in an OCI layout.
const refName = "org.opencontainers.image.ref.name"

// fullName is the annotation in which BuildKit and containerd write the whole
// reference.
const fullName = "io.containerd.image.name"

// found is an image that can be read.
type found struct {
	// id as in Image.
	id string
	// load reads it; scratch is an empty folder that stays until the layers are
	// read.
	load func(ctx context.Context, scratch string) (v1.Image, error)
}

// platform is what the images of this machine are for.
func platform() v1.Platform { return v1.Platform{OS: "linux", Architecture: runtime.GOARCH} }

// find looks for the image of a reference, or of files.
func (s *Store) find(ctx context.Context, reference string, registry *fc.RegistryConfig) (found, error) {
	if _, _, _, ok := fc.LocalImage(reference); !ok {
		return s.findReference(ctx, reference, registry)
	}
	return findFiles(reference, platform())
}

// Files is an image in files as it is now.
type Files struct{ found }

// ID changes with the content.
func (f Files) ID() string { return f.id }

// Load reads it. scratch is an empty folder that stays until the image isn't read
// any more.
func (f Files) Load(ctx context.Context, scratch string) (v1.Image, error) {
	return f.load(ctx, scratch)
}

// FindFiles looks for the image of a name that fc.LocalImage knows, for a
// platform. Errors are those of Store.Image.
func FindFiles(reference string, wants v1.Platform) (Files, error) {
	f, err := findFiles(reference, wants)
	return Files{f}, err
}

func findFiles(reference string, wants v1.Platform) (found, error) {
	transport, path, which, _ := fc.LocalImage(reference)
	if transport == fc.TransportOCI {
		return findLayout(reference, path, which, wants)
	}
	info, err := os.Stat(path)
	if err != nil {
		return found{}, missing(reference, err)
	}
	f := found{id: fmt.Sprintf("%d bytes of %s", info.Size(), info.ModTime().UTC().Format("2006-01-02T15:04:05.999999999"))}
	f.load = func(ctx context.Context, scratch string) (v1.Image, error) {
		if transport == fc.TransportDockerArchive {
			return loadArchive(path, which)
		}
		if err := unpackLayout(path, scratch); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		inner, err := findLayout(reference, scratch, which, wants)
		if err != nil {
			return nil, err
		}
		return inner.load(ctx, "")
	}
	return f, nil
}

// missing turns the lack of a file into the lack of an image.
func missing(reference string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &NotFoundError{Reference: reference, Looked: []string{err.Error()}}
	}
	return err
}

// findLayout finds an image in a folder in OCI layout by its tag, or the only
// one if none is given.
func findLayout(reference, dir, tag string, wants v1.Platform) (found, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return found{}, missing(reference, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return found{}, fmt.Errorf("%s: %w", filepath.Join(dir, "index.json"), err)
	}
	var tags []string
	var chosen []v1.Descriptor
	for _, d := range manifest.Manifests {
		tags = append(tags, d.Annotations[refName])
		if tag == "" || d.Annotations[refName] == tag || d.Annotations[fullName] == tag {
			chosen = append(chosen, d)
		}
	}
	switch {
	case len(chosen) == 0:
		return found{}, &NotFoundError{Reference: reference, Looked: []string{fmt.Sprintf("%s has %q", dir, tags)}}
	case len(chosen) > 1 && tag == "" && !forPlatforms(chosen):
		return found{}, &NotFoundError{Reference: reference, Looked: []string{
			fmt.Sprintf("%s has several images: choose one of %q by :TAG at the end", dir, tags),
		}}
	}
	return found{id: idOf(chosen), load: func(context.Context, string) (v1.Image, error) {
		return choose(reference, index, chosen, wants)
	}}, nil
}

func idOf(descriptors []v1.Descriptor) string {
	ids := make([]string, 0, len(descriptors))
	for _, d := range descriptors {
		ids = append(ids, d.Digest.String())
	}
	return strings.Join(ids, " ")
}

// forPlatforms reports whether descriptors are one image for several platforms.
func forPlatforms(descriptors []v1.Descriptor) bool {
	return !slices.ContainsFunc(descriptors, func(d v1.Descriptor) bool { return d.Platform == nil && !d.MediaType.IsIndex() })
}

// choose takes the image for this machine out of an index.
func choose(reference string, index v1.ImageIndex, among []v1.Descriptor, wants v1.Platform) (v1.Image, error) {
	var has []string
	for _, d := range among {
		switch {
		case d.MediaType.IsIndex():
			inner, err := index.ImageIndex(d.Digest)
			if err != nil {
				return nil, err
			}
			manifest, err := inner.IndexManifest()
			if err != nil {
				return nil, err
			}
			return choose(reference, inner, manifest.Manifests, wants)
		case !d.MediaType.IsImage():
		case d.Platform == nil || d.Platform.Satisfies(wants):
			return index.Image(d.Digest)
		case d.Platform.OS != "unknown": // an attestation, which runs nowhere
			has = append(has, d.Platform.String())
		}
	}
	return nil, &PlatformError{Reference: reference, Has: has, Wants: wants.String()}
}

// checkPlatform refuses an image for other machines before anything is unpacked.
func checkPlatform(reference string, file *v1.ConfigFile) error {
	wants := platform()
	has := v1.Platform{OS: file.OS, Architecture: file.Architecture, Variant: file.Variant}
	if (has.OS == "" || has.OS == wants.OS) && (has.Architecture == "" || has.Architecture == wants.Architecture) {
		return nil
	}
	return &PlatformError{Reference: reference, Has: []string{has.String()}, Wants: wants.String()}
}

// loadArchive reads what `docker save` or `podman save` wrote, compressed or not.
func loadArchive(path, which string) (v1.Image, error) {
	var tag *name.Tag
	if which != "" {
		t, err := name.NewTag(which)
		if err != nil {
			return nil, err
		}
		tag = &t
	}
	img, err := tarball.Image(archiveOpener(path), tag)
	if err != nil {
		return nil, fmt.Errorf("%s is no archive of `docker save`: %w", path, err)
	}
	return img, nil
}

// archiveOpener opens an archive that may be compressed with gzip.
func archiveOpener(path string) tarball.Opener {
	return func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		var magic [2]byte
		n, err := io.ReadFull(f, magic[:])
		if err == nil || n < len(magic) {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err == nil && magic == [2]byte{0x1f, 0x8b} {
			unzip, err := gzip.NewReader(f)
			if err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return readCloser{unzip, f}, nil
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// compressedSize is how many bytes a layer has where it is, -1 if that isn't
// known without reading it.
func compressedSize(layer v1.Layer) int64 {
	if kind, err := layer.MediaType(); err == nil && (kind == types.DockerUncompressedLayer || kind == types.OCIUncompressedLayer) {
		return -1
	}
	if size, err := layer.Size(); err == nil {
		return size
	}
	return -1
}
