package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"s/pkg/runtime/image/imagetest"
)

// privateRegistry is a registry with one user and one image, me/app:1, whose
// reference it gives.
func privateRegistry(t *testing.T, img v1.Image) string {
	t.Helper()
	reference := imagetest.Registry(t, "me", "hush-word") + "/me/app:1"
	ref, err := name.ParseReference(reference)
	if err == nil {
		err = remote.Write(ref, img, remote.WithContext(t.Context()), remote.WithAuth(&authn.Basic{Username: "me", Password: "hush-word"}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// TestContainerOfRegistry: the local cloud pulls an image as registryConfig of its
// function says, and without or with a wrong password it doesn't run.
func TestContainerOfRegistry(t *testing.T) {
	isolated(t)
	t.Parallel()
	w := newWorld(t, nil)
	reference := privateRegistry(t, serverImage(t, "pulled"))
	project := "edition: 3.0.0\nname: app\naccess: local\nresources:\n"
	for function, config := range map[string]string{
		"right": "registryConfig: {authConfig: {userName: me, password: hush-word}}",
		"wrong": "registryConfig: {authConfig: {userName: me, password: hush-other}}", "none": "",
	} {
		project += fmt.Sprintf(`  %s:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: %s
      runtime: custom-container
      memorySize: 128
      customContainerConfig:
        image: %s
        %s
`, function, function, reference, config)
	}
	if err := os.WriteFile(filepath.Join(w.work, "s.yaml"), []byte(project), 0o644); err != nil {
		t.Fatal(err)
	}
	w.vars["DOCKER_CONFIG"], w.vars["XDG_RUNTIME_DIR"] = w.work, w.work // nobody's own password
	for _, function := range []string{"wrong", "none"} {                // before the image is here
		w.s("deploy", "-y", function)
		code, out, said := w.fails("invoke", function, "-e", "hello")
		if code != 6 || !strings.Contains(said, "access denied") || strings.Contains(out+said, "hush") {
			t.Errorf("%s: %d\n%s\n%s", function, code, out, said)
		}
	}
	w.s("deploy", "-y", "right")
	if got := w.s("invoke", "right", "-e", "get /text"); strings.TrimSpace(got) != "pulled" {
		t.Errorf("it answers %q", got)
	}
}
