package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s/pkg/spec"
)

// Code that lies in a folder is taken as it is; anything else is packed.
func TestUnpacked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, artifact := filepath.Join(dir, "code"), filepath.Join(dir, "artifact")
	for _, d := range []string{code, artifact} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.WriteFile(filepath.Join(d, "index.py"), []byte("x"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	archive := filepath.Join(dir, "app.jar")
	if err := os.WriteFile(archive, []byte("PK\x05\x06"+string(make([]byte, 18))), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, path, code string
		artifacts        *fakeArtifacts
		env, failure     string
	}{
		{name: "no build", path: code, code: code, artifacts: &fakeArtifacts{}, env: "user"},
		{name: "no artifacts", path: code, code: code, env: "user"},
		{name: "built", path: code, code: artifact, artifacts: &fakeArtifacts{dir: artifact, code: artifact, needed: true}, env: "user"},
		{name: "an archive", path: archive, code: archive},
		{name: "not there", path: filepath.Join(dir, "none"), failure: "code of hello"},
		{name: "nothing", failure: "hello has no code"},
		{name: "a build that fails", path: code, artifacts: &fakeArtifacts{needed: true, err: errors.New("no")}, failure: "no"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, r := resourceWith(tt.path)
			p.Dir = t.TempDir()
			preparer := Preparer{}
			if tt.artifacts != nil {
				preparer.Artifacts = tt.artifacts
			}
			got, err := preparer.Unpacked(t.Context(), p, r)
			if tt.failure != "" {
				if err == nil || !strings.Contains(err.Error(), tt.failure) {
					t.Errorf("%v, want %s", err, tt.failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Code != tt.code || got.Desired.Code != nil && tt.path != archive || tt.env != "" && got.Desired.Function.EnvironmentVariables["A"] != tt.env {
				t.Errorf("%+v", got)
			}
			if built := tt.artifacts != nil && tt.artifacts.needed; built != (tt.artifacts != nil && tt.artifacts.builds == 1) || built != (got.Artifact != "") {
				t.Errorf("built %t, artifact %q", built, got.Artifact)
			}
		})
	}
	p, r := resourceWith("")
	r.Code = spec.CodeSource{OSSBucket: "b", OSSObject: "o"}
	if _, err := (Preparer{}).Unpacked(t.Context(), p, r); err == nil || !strings.Contains(err.Error(), "no code on this machine") {
		t.Errorf("%v", err)
	}
}
