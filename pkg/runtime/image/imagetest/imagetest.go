// Package imagetest makes images for tests, in all forms that images come in,
// without an engine and without a network.
package imagetest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// T is the part of a test that is needed.
type T interface {
	Helper()
	Fatal(args ...any)
	Context() context.Context
	TempDir() string
}

// Entry is an entry of a layer: a folder if its name ends with a slash, a link
// if it leads anywhere, else a file.
type Entry struct {
	Name string
	Text string
	Mode int64  // 0 is 0755 of folders and 0644 of files
	Link string // target of a symbolic link
	Hard string // target of a hard link
	Type byte   // of the tar entry, if it is something else
	UID  int
	Size int64 // if it isn't that of Text
}

// Tar is a layer's archive.
func Tar(t T, entries ...Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.Name, Mode: e.Mode, Size: int64(len(e.Text)), Typeflag: tar.TypeReg, Uid: e.UID, Gid: e.UID, ModTime: time.Unix(1e9, 0)}
		switch {
		case e.Type != 0:
			h.Typeflag = e.Type
		case e.Link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.Link
		case e.Hard != "":
			h.Typeflag, h.Linkname = tar.TypeLink, e.Hard
		case e.Name[len(e.Name)-1] == '/':
			h.Typeflag = tar.TypeDir
		}
		if h.Mode == 0 {
			h.Mode = map[bool]int64{true: 0o755, false: 0o644}[h.Typeflag == tar.TypeDir]
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.Text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Layer is a layer of an archive, as it is: to compress it takes long.
func Layer(archive []byte) v1.Layer { return static.NewLayer(archive, types.DockerUncompressedLayer) }

// Compressed is a layer of an archive as most images have them.
func Compressed(t T, archive []byte) v1.Layer {
	t.Helper()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// Image is an image of layers for this machine.
func Image(t T, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	return ImageFor(t, runtime.GOARCH, config, layers...)
}

// ImageFor is an image for another processor.
func ImageFor(t T, arch string, config v1.Config, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: arch, Config: config, RootFS: rootFS(t, img)})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func rootFS(t T, img v1.Image) v1.RootFS {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return file.RootFS
}

// Layout adds images to a folder in OCI layout, which is made if need be, under a
// tag if that isn't empty, and gives the name for it.
func Layout(t T, dir, tag string, images ...v1.Image) string {
	t.Helper()
	path, err := layout.FromPath(dir)
	if err != nil {
		path, err = layout.Write(dir, empty.Index)
	}
	for _, img := range images {
		if err != nil {
			break
		}
		var options []layout.Option
		if tag != "" {
			options = append(options, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag}))
		}
		err = path.AppendImage(img, options...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "oci:" + dir
}

// OCIArchive writes an OCI layout as a tar, and gives the name for it.
func OCIArchive(t T, file string, img v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	Layout(t, dir, "", img)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return "oci-archive:" + file
}

// DockerArchive writes an image as `docker save` does, and gives the name for it.
func DockerArchive(t T, file, reference string, img v1.Image) string {
	t.Helper()
	tag, err := name.NewTag(reference)
	if err == nil {
		err = tarball.WriteToFile(file, tag, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "docker-archive:" + file
}

// Builder compiles the server of test images, once.
type Builder struct {
	once  sync.Once
	layer v1.Layer
	err   error
}

// Layer gives a layer with the static program that test images run, /app/server
// (testdata/server), and with some users.
func (b *Builder) Layer(t T) v1.Layer {
	t.Helper()
	b.once.Do(func() {
		var program []byte
		if program, b.err = compile(t.Context()); b.err == nil {
			b.layer = Layer(Tar(t,
				Entry{Name: "etc/"}, Entry{Name: "etc/passwd", Text: "root:x:0:0::/root:/bin/sh\nann:x:1234:1235::/home/ann:/bin/sh\n"},
				Entry{Name: "etc/group", Text: "root:x:0:\nstaff:x:77:ann,bob\n"},
				Entry{Name: "app/"}, Entry{Name: "app/server", Text: string(program), Mode: 0o755},
			))
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.layer
}

func compile(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "imagetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "server")
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, "s/pkg/runtime/image/imagetest/testdata/server")
	c.Env = append(c.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile the server: %w\n%s", err, out)
	}
	return os.ReadFile(file)
}
