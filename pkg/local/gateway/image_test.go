package gateway

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
	"s/pkg/runtime/image"
	"s/pkg/runtime/sandbox"
)

// fakeImages are images whose state a test sets.
type fakeImages struct {
	mu        sync.Mutex
	id        string
	err       error
	unpacked  chan struct{} // Image waits for it, if it is set
	held      int
	collected int
}

func (f *fakeImages) Image(_ context.Context, reference string, _ *fc.RegistryConfig) (*image.Image, func(), error) {
	f.mu.Lock()
	unpacked := f.unpacked
	f.mu.Unlock()
	if unpacked != nil {
		<-unpacked
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, nil, f.err
	}
	f.held++
	return &image.Image{Reference: reference, ID: f.id}, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held--
	}, nil
}

func (f *fakeImages) ID(context.Context, string, *fc.RegistryConfig) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.id, f.err
}

func (f *fakeImages) Collect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.collected++
}

func (f *fakeImages) set(id string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.id, f.err = id, err
}

func (f *fakeImages) state() (held, collected int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held, f.collected
}

// modeLauncher only says how it would confine instances.
type modeLauncher struct {
	sandbox.Launcher
	mode string
}

func (l modeLauncher) Isolation() sandbox.Isolation { return sandbox.Isolation{Mode: l.mode} }

func containerWorld(t *testing.T, mode string) (*world, *fakeImages) {
	t.Helper()
	w, images := newWorld(t), &fakeImages{id: "1"}
	w.g.cfg.Images, w.g.cfg.Launcher = images, modeLauncher{mode: mode}
	f := &store.Function{Region: region, Function: fc.Function{
		FunctionName: "c", Runtime: "custom-container", Timeout: 3, CustomContainerConfig: &fc.CustomContainerConfig{Image: "me/app:1"},
	}}
	if err := w.store.CreateFunction(f); err != nil {
		t.Fatal(err)
	}
	return w, images
}

// soon waits for what is done in the background.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (w *world) poolCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.pools)
}

func (w *world) nth(i int) *fakePool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pools[i]
}

func TestImageOfAContainer(t *testing.T) {
	t.Parallel()
	w, images := containerWorld(t, sandbox.ModeNamespaces)
	w.g.Changed(region, "c") // unpacked before anybody asks
	soon(t, "a pool", func() bool { return w.poolCount() == 1 })
	if img := w.nth(0).cfg.Image; img == nil || img.Reference != "me/app:1" || w.nth(0).cfg.CodeDir != "" {
		t.Errorf("image %+v", img)
	}
	// The name still stands for the same image, then for another one.
	target := Target{Region: region, Function: "c"}
	if _, err := w.g.entry(t.Context(), &target); err != nil {
		t.Fatal(err)
	}
	w.g.Refresh(t.Context(), region, "c")
	images.set("", errors.New("the registry is away"))
	w.g.Refresh(t.Context(), region, "c")
	if n := w.poolCount(); n != 1 {
		t.Errorf("%d pools", n)
	}
	images.set("2", nil)
	images.mu.Lock()
	images.unpacked = make(chan struct{})
	images.mu.Unlock()
	w.g.Refresh(t.Context(), region, "c") // ends although unpacking takes long
	w.g.Refresh(t.Context(), region, "c")
	close(images.unpacked)
	soon(t, "the old pool drained", func() bool { return w.nth(0).endedAs() == "drained" })
	e, err := w.g.entry(t.Context(), &Target{Region: region, Function: "c"})
	if err != nil || e.image.ID != "2" {
		t.Errorf("%+v, %v", e, err)
	}
	w.g.Refresh(t.Context(), region, "none")

	if err := w.store.DeleteFunction(region, "c", func(*store.Function) error { return nil }); err != nil {
		t.Fatal(err)
	}
	w.g.Changed(region, "c")
	soon(t, "nothing is held", func() bool { held, collected := images.state(); return held == 0 && collected > 0 })
}

func TestImageThatCantRun(t *testing.T) {
	t.Parallel()
	w, images := containerWorld(t, sandbox.ModeNamespaces)
	images.set("", &image.NotFoundError{Reference: "me/app:1", Looked: []string{"docker: No such image"}})
	refused := func(status int, says string) {
		t.Helper()
		if g := w.do("POST", "/invoke/c", ""); g.StatusCode != status || !strings.Contains(g.body, says) {
			t.Errorf("%d %s, want %d …%s…", g.StatusCode, g.body, status, says)
		}
	}
	refused(412, "no image me/app:1: docker: No such image")
	images.set("1", nil)
	if g := w.do("POST", "/invoke/c", "hello"); g.body != "hello" { // it is looked for again
		t.Errorf("%d %s", g.StatusCode, g.body)
	}
	w, _ = containerWorld(t, sandbox.ModeProcess)
	refused(412, "images need namespaces to run in")
	w, _ = containerWorld(t, sandbox.ModeNamespaces)
	w.g.cfg.Images = nil
	refused(501, "an image as a function")
}
