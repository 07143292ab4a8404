package deploycmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
	"s/pkg/spec"
)

// container makes the resource one that runs an image.
func container(w *cmdtest.World, image string) {
	r := w.Resource()
	r.Code = spec.CodeSource{}
	r.Function.Runtime = "custom-container"
	r.Function.CustomContainerConfig = &fc.CustomContainerConfig{
		Image: image, RegistryConfig: &fc.RegistryConfig{AuthConfig: &fc.RegistryAuthConfig{UserName: "me", Password: "hush-hush"}},
	}
}

// closedRegistry lets one user in.
func closedRegistry(t *testing.T) (host string) {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // nobody's own credentials
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	return imagetest.Registry(t, "me", "hush-hush")
}

func imageOf(t *testing.T, text string) v1.Image {
	t.Helper()
	return imagetest.ImageFor(t, "amd64", v1.Config{Cmd: []string{"/x"}}, imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: "text", Text: text})))
}

// An image in files is pushed under the name it is to have, before the function is
// written; the same one again is neither pushed nor written.
func TestImageIsPushed(t *testing.T) {
	reference := closedRegistry(t) + "/me/app:1"
	w := cmdtest.New(t, spec.Edition3)
	dir := filepath.Join(t.TempDir(), "img")
	container(w, imagetest.Layout(t, dir, reference, imageOf(t, "first"))+":"+reference)
	if err := w.Run(command(w, nil)); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("image: pushed from oci:", "hello: pushing the image "+reference, "created")
	sent, _ := w.Server.Function("hello")["customContainerConfig"].(map[string]any)
	auth := sent["registryConfig"].(map[string]any)["authConfig"].(map[string]any)
	if sent["image"] != reference || auth["userName"] != "me" || auth["password"] != "hush-hush" {
		t.Errorf("sent %v", sent)
	}
	if out := w.Stdout() + w.Stderr(); strings.Contains(out, "hush") {
		t.Errorf("the password is shown:\n%s", out)
	}

	w.Server.Reset()
	if err := w.Run(command(w, nil)); err != nil || len(w.Server.Writes()) != 0 {
		t.Errorf("again: %v, %v", err, w.Server.Writes())
	}
	w.WantStderr("no changes")

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	imagetest.Layout(t, dir, reference, imageOf(t, "second"))
	if err := w.Run(command(w, nil), "--skip-push"); err != nil || len(w.Server.Writes()) != 0 {
		t.Errorf("--skip-push: %v, %v", err, w.Server.Writes())
	}
	if err := w.Run(command(w, nil)); err != nil || len(w.Server.Writes()) != 1 {
		t.Errorf("another image: %v, %v", err, w.Server.Writes())
	}
	w.WantStderr("image: changed, pushed from", "updated")
}

// What a build wrote is pushed under the function's own image; without a registry
// that takes it the deployment fails, and the function isn't made.
func TestBuiltImageIsPushed(t *testing.T) {
	host := closedRegistry(t)
	w := cmdtest.New(t, spec.Edition3)
	container(w, host+"/me/app:1")
	a := newArtifact(t)
	a.image = filepath.Join(a.dir, "image.tar")
	imagetest.DockerArchive(t, a.image, host+"/me/app:1", imageOf(t, "built"))
	w.Resource().Function.CustomContainerConfig.RegistryConfig.AuthConfig.Password = "wrong"
	err := w.Run(command(w, a))
	if exitCode(err) != cmdutil.ExitFailed || !strings.Contains(err.Error(), "denies access") || !strings.Contains(hint(err), "--skip-push") || len(w.Server.Writes()) != 0 {
		t.Errorf("%v (%s), %v", err, hint(err), w.Server.Writes())
	}
	container(w, host+"/me/app:1")
	if err := w.Run(command(w, a)); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("from docker-archive:" + a.image)

	// The local cloud reads the file itself.
	w.Target.Local = true
	if err := w.Run(command(w, a)); err != nil {
		t.Fatal(err)
	}
	sent, _ := w.Server.Function("hello")["customContainerConfig"].(map[string]any)
	if sent["image"] != "docker-archive:"+a.image {
		t.Errorf("sent %v", sent)
	}
}

// An image in files is looked for before the local cloud gets the function.
func TestImageThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	container(w, "oci:/there/is/none:tag")
	w.Target.Local = true
	if err := w.Run(command(w, nil)); err == nil || !strings.Contains(err.Error()+w.Stderr(), "image of hello: no image oci:/there/is/none:tag: ") || len(w.Server.Writes()) != 0 {
		t.Errorf("%v, %v\n%s", err, w.Server.Writes(), w.Stderr())
	}
}

func TestImageWithoutAName(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	container(w, "oci:/img:tag")
	if err := w.Run(command(w, nil)); exitCode(err) != cmdutil.ExitSpec || !strings.Contains(hint(err), "oci:/img:tag:REGISTRY/NAME:TAG") {
		t.Errorf("%v (%s)", err, hint(err))
	}
}
