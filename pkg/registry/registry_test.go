package registry

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
)

type basic = authn.Basic

// Every form that images in files have: pushed once, known then, pushed again when
// they are other ones.
func TestFilesArePushed(t *testing.T) {
	forms := map[string]func(w *world, dir, reference string, img v1.Image) string{
		"layout": func(w *world, dir, reference string, img v1.Image) string {
			return imagetest.Layout(w.t, dir, reference, img) + ":" + reference
		},
		"oci archive": func(w *world, dir, _ string, img v1.Image) string {
			return imagetest.OCIArchive(w.t, dir+".tar", img)
		},
		"docker archive": func(w *world, dir, reference string, img v1.Image) string {
			return imagetest.DockerArchive(w.t, dir+".tar", reference, img) + ":" + reference
		},
	}
	for form, write := range forms {
		t.Run(form, func(t *testing.T) {
			w := newWorld(t)
			reference := w.host() + "/me/app:1"
			dir := filepath.Join(t.TempDir(), "img")
			p := &Pusher{Dir: t.TempDir()}
			first := w.image("first")
			want := Wanted{Reference: reference, Files: write(w, dir, reference, first), Config: w.config()}
			if got := find(t, p, want); got.From != want.Files || got.Digest != "" || got.Pushed {
				t.Errorf("before: %+v", got)
			}
			digest := pushed(t, p, want)
			if digest != w.digest("me/app:1") || form != "docker archive" && digest != digestOf(t, first) {
				t.Errorf("pushed %s, the registry has %s", digest, w.digest("me/app:1"))
			}
			writes := len(w.writes())
			if got := find(t, p, want); !got.Pushed || got.Digest != digest || len(w.writes()) != writes {
				t.Errorf("again: %+v", got)
			}
			if got := find(t, &Pusher{Dir: t.TempDir()}, want); got.Pushed {
				t.Error("who doesn't know of the push takes it for done")
			}

			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			want.Files = write(w, dir, reference, w.image("second, which is longer"))
			if again := pushed(t, p, want); again == digest || again != w.digest("me/app:1") {
				t.Errorf("the second image is %s, the registry has %s", again, w.digest("me/app:1"))
			}
		})
	}
}

// Another image under the same name, as others push it, isn't taken for ours.
func TestWhatOthersPushedIsSeen(t *testing.T) {
	w := newWorld(t)
	p := &Pusher{Dir: t.TempDir()}
	want := func(dir, text string) Wanted {
		return Wanted{
			Reference: w.host() + "/me/app:1", Config: w.config(),
			Files: imagetest.Layout(t, filepath.Join(t.TempDir(), dir), "", w.image(text)),
		}
	}
	ours, theirs := want("ours", "ours"), want("theirs", "theirs")
	digest := pushed(t, p, ours)
	pushed(t, &Pusher{Dir: t.TempDir()}, theirs)
	if got := find(t, p, ours); got.Pushed {
		t.Errorf("%+v", got)
	}
	if again := pushed(t, p, ours); again != digest || w.digest("me/app:1") != digest {
		t.Errorf("pushed %s and then %s", digest, again)
	}
}

func TestWhoSignsIn(t *testing.T) {
	w := newWorld(t)
	files := imagetest.Layout(t, filepath.Join(t.TempDir(), "img"), "", w.image("x"))
	stored := func(password string) {
		auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
		text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, w.host(), auth)
		if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	push := func(config *fc.RegistryConfig) error {
		p := &Pusher{Dir: t.TempDir()}
		_, err := p.Push(t.Context(), find(t, p, Wanted{Reference: w.host() + "/me/app:1", Files: files, Config: config}))
		return err
	}
	var refused *PushError
	if err := push(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), "the registry denies access (HTTP 401)") || refused.From != files {
		t.Errorf("nobody: %v", err)
	}
	if err := push(w.config()); err != nil {
		t.Errorf("s.yaml's: %v", err)
	}
	stored("hush")
	if err := push(nil); err != nil {
		t.Errorf("docker login's: %v", err)
	}
	stored("wrong")
	if err := push(nil); !errors.As(err, &refused) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestNotPushed(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	arm := imagetest.Layout(t, filepath.Join(dir, "arm"), "", imagetest.ImageFor(t, "arm64", v1.Config{}))
	p := &Pusher{Dir: dir}
	for name, tt := range map[string]struct {
		want Wanted
		err  string
	}{
		"no engine has it": {Wanted{Reference: w.host() + "/me/app:1"}, ""},
		"a digest":         {Wanted{Reference: w.host() + "/me/app@sha256:" + strings.Repeat("0", 64)}, ""},
		"no reference":     {Wanted{Reference: "Me/App:1"}, "could not parse reference"},
		"no file":          {Wanted{Reference: w.host() + "/me/app:1", Files: "docker-archive:" + dir + "/none.tar"}, "no image docker-archive:"},
	} {
		found, err := p.Find(t.Context(), tt.want)
		if found != nil || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	found := find(t, p, Wanted{Reference: w.host() + "/me/arm:1", Files: arm, Config: w.config()})
	if _, err := p.Push(t.Context(), found); err == nil || !strings.Contains(err.Error(), "is for linux/arm64, and Function Compute runs linux/amd64") {
		t.Errorf("another processor: %v", err)
	}
	if len(w.writes()) != 0 {
		t.Errorf("something was sent: %q", w.writes())
	}
}

func TestRecordOfSomethingElse(t *testing.T) {
	t.Parallel()
	p := &Pusher{Dir: t.TempDir()}
	if err := p.remember("h/a:1", "id", "sha256:d"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ reference, id, want string }{
		{"h/a:1", "id", "sha256:d"}, {"h/a:1", "other", ""}, {"h_a:1", "id", ""}, {"h/b:1", "id", ""},
	} {
		if got := p.pushed(tt.reference, tt.id); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
	if err := os.WriteFile(p.remembered("h/a:1"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := p.pushed("h/a:1", "id"); got != "" {
		t.Errorf("of a broken file: %q", got)
	}
}

// TestCheck: only files that aren't there, or have no such image, are said.
func TestCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "img")
	img := imagetest.ImageFor(t, "amd64", v1.Config{Cmd: []string{"/x"}}, imagetest.Layer(imagetest.Tar(t, imagetest.Entry{Name: "text", Text: "x"})))
	there := imagetest.Layout(t, dir, "one", img)
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "index.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		there + ":one": "", "registry.example.com/me/app:1": "", "oci:" + broken: "",
		there + ":two":                        `no image ` + there + `:two: ` + dir + ` has ["one"]`,
		"oci:" + dir + "-none":                "no image oci:" + dir + "-none: ",
		"docker-archive:" + dir + "-none.tar": "no image docker-archive:" + dir + "-none.tar: ",
	} {
		err := Check(name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
