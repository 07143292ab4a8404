package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"s/pkg/runtime/image/imagetest"
	"s/pkg/toolchain/toolchaintest"
)

// imageServer compiles what the images of scripts run.
var imageServer imagetest.Builder

// makeImage KIND PATH TEXT writes serverImage: as a folder in OCI layout (oci), or
// as an archive (docker-archive).
func makeImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: image KIND PATH TEXT")
	}
	t := scriptT{ts}
	img := serverImage(t, args[2])
	switch path := ts.MkAbs(args[1]); args[0] {
	case "oci":
		imagetest.Layout(t, path, "", img)
	case "docker-archive":
		imagetest.DockerArchive(t, path, "me/app:1", img)
	default:
		ts.Fatalf("no images of kind %s", args[0])
	}
}

// useDotnet puts the .NET SDK that hack/setup has installed on the script's PATH.
func useDotnet(ts *testscript.TestScript, neg bool, args []string) {
	sdk, err := toolchaintest.FindDotnetSDK()
	ts.Check(err)
	for _, variable := range sdk.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		ts.Setenv(name, value)
	}
	ts.Setenv("PATH", filepath.Dir(sdk.Program())+string(filepath.ListSeparator)+ts.Getenv("PATH"))
}

// serverImage is an image with the test server, text in /text and a shell, if
// this machine has a static one.
func serverImage(t imagetest.T, text string) v1.Image {
	t.Helper()
	entries := []imagetest.Entry{{Name: "text", Text: text}}
	if path, err := exec.LookPath("busybox"); err == nil {
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, imagetest.Entry{Name: "bin/busybox", Text: string(program), Mode: 0o755}, imagetest.Entry{Name: "bin/sh", Link: "busybox"})
	}
	return imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}, WorkingDir: "/app"},
		imageServer.Layer(t), imagetest.Layer(imagetest.Tar(t, entries...)))
}

// isolated skips a test of images where there are no namespaces to run them in.
func isolated(t *testing.T) {
	t.Helper()
	got, err := isolation()
	if err != nil {
		t.Fatal(err)
	}
	if got.Isolation.Mode == "process" {
		t.Skip("images need namespaces")
	}
}

// scriptT is a script as imagetest wants a test.
type scriptT struct{ *testscript.TestScript }

func (scriptT) Helper() {}

func (t scriptT) Fatal(args ...any) { t.Fatalf("%v", args) }

func (scriptT) Context() context.Context { return context.Background() }

func (t scriptT) TempDir() string { return filepath.Join(t.Getenv("TMPDIR"), "image") }
