package conformance

import (
	"os"
	"path/filepath"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/fc"
	"s/pkg/runtime/image"
	"s/pkg/runtime/image/imagetest"
)

// imageDir is what containerImage made, for the end of all tests.
var imageDir string

// containerImage opens an image in OCI layout with the static program of goCode
// and nothing else: the programs that its handlers start are itself, too.
func containerImage(s *subject) (*image.Image, error) {
	code, err := goCode()
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(filepath.Join(code, "main"))
	if err != nil {
		return nil, err
	}
	if imageDir, err = os.MkdirTemp("", "conformance-image"); err != nil {
		return nil, err
	}
	layer := imagetest.Tar(s,
		imagetest.Entry{Name: "app/main", Text: string(program), Mode: 0o755},
		imagetest.Entry{Name: "bin/echo", Hard: "app/main"}, imagetest.Entry{Name: "bin/sleep", Hard: "app/main"})
	img := imagetest.Image(s, v1.Config{Entrypoint: []string{"main"}, WorkingDir: "/app", Env: []string{"PATH=/app:/bin"}}, imagetest.Layer(layer))
	name := imagetest.Layout(s, filepath.Join(imageDir, "layout"), "", img)
	store, err := image.Open(image.Options{Dir: filepath.Join(imageDir, "store"), Wanted: func(string) bool { return true }})
	if err != nil {
		return nil, err
	}
	opened, _, err := store.Image(s.Context(), name, nil) // to the end of all tests
	return opened, err
}

// container is an image that is a server in Go.
func container() *language {
	first := "the server is the first process, which the kernel keeps from killing itself"
	own := "what the server loads, and what it says of that, is its own affair"
	layers := "Function Compute mounts no layers in a container: its image has them"
	logger := "a server has the logger that it likes"
	var once sync.Once
	var img *image.Image
	var err error
	return &language{
		name: "custom-container", runtimes: []string{"custom-container"}, short: []string{"custom-container"},
		handler: func(name string) string { return name },
		image: func(s *subject) *image.Image {
			s.Helper()
			once.Do(func() { img, err = containerImage(s) })
			s.ok(err)
			return img
		},
		words: map[string]string{
			"<none>": "null", "<error>": "errorString", "<own error>": "Mine", "<file>": "clauses.go", "<deep function>": "deeper",
			"<no json>": "UnsupportedTypeError",
		},
		change: func(fn *fc.Function) {
			fn.CustomContainerConfig = &fc.CustomContainerConfig{HealthCheckConfig: &fc.HealthCheckConfig{HTTPGetURL: "/health", TimeoutSeconds: 60}}
		},
		cannot: map[string]string{
			"load-module": own, "load-handler": own, "load-name": own, "load-syntax": own, "load-import": own,
			"load-fails": own, "load-exits": own, "load-folder": own, "initializer-missing": own,
			"exit-kill":          first,
			"error-frames":       "the trace is the server's own",
			"error-recursion":    "a stack overflow ends a Go program",
			"environment-system": "an image brings its own",
			"read-only":          "an instance may write to all of its image; others don't see that",
			"layer-file":         layers, "layer-library": layers, "layer-program": layers,
			"log-logger": logger, "concurrent-log": logger,
			"http-error": "a server answers with the status that it likes",
		},
	}
}
