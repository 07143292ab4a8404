package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// inspectLimit bounds a question to an engine.
	inspectLimit = 10 * time.Second
	// maxSaid bounds how much of an engine's complaint is repeated, in bytes.
	maxSaid = 500
)

// Engine is docker or podman.
type Engine struct {
	Name string
	Path string // of its program
}

// Engines are those whose programs are on PATH.
func Engines() []Engine {
	var engines []Engine
	for _, name := range []string{"docker", "podman"} {
		if path, err := exec.LookPath(name); err == nil {
			engines = append(engines, Engine{name, path})
		}
	}
	return engines
}

// inspect gives the id of an image in the engine's store and the digests that it is
// known to have in a repository.
func (e Engine) inspect(ctx context.Context, reference, repository string) (id string, digests []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, inspectLimit)
	defer cancel()
	out, err := e.run(ctx, command{args: []string{"image", "inspect", reference}})
	if err != nil {
		return "", nil, err
	}
	var found []struct {
		ID          string `json:"Id"`
		RepoDigests []string
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil || len(found) == 0 || found[0].ID == "" {
		return "", nil, fmt.Errorf("%s gives no id of %s", e.Name, reference)
	}
	for _, full := range found[0].RepoDigests {
		of, digest, _ := strings.Cut(full, "@")
		if of == repository || "index.docker.io/"+of == repository || "index.docker.io/library/"+of == repository ||
			strings.Replace(of, "docker.io/", "index.docker.io/", 1) == repository {
			digests = append(digests, digest)
		}
	}
	return strings.TrimPrefix(found[0].ID, "sha256:"), digests, nil
}

// push has the engine push an image. who signs in for this push alone: what the
// user has stored stays as it is.
func (e Engine) push(ctx context.Context, img *Image, who *login) error {
	dir, err := os.MkdirTemp("", "s-login-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if e.Name == "podman" {
		return e.pushPodman(ctx, img, who, filepath.Join(dir, "auth.json"))
	}
	return e.pushDocker(ctx, img, who, dir)
}

func (e Engine) pushPodman(ctx context.Context, img *Image, who *login, file string) error {
	var options []string
	if img.public.Context().Scheme() == "http" || skipsCheck(img) {
		options = append(options, "--tls-verify=false")
	}
	if who != nil {
		options = append(options, "--authfile", file)
		args := append([]string{"login", "--username", who.user, "--password-stdin"}, options...)
		if _, err := e.run(ctx, command{args: append(args, img.public.Context().RegistryStr()), input: who.password}); err != nil {
			return fmt.Errorf("podman login: %w", err)
		}
	}
	args := append([]string{"push"}, options...)
	_, err := e.run(ctx, command{args: append(args, img.Reference, "docker://"+img.public.Name())})
	return err
}

// pushDocker gives the image the name that it is pushed by, if that is another one,
// and takes that away again.
func (e Engine) pushDocker(ctx context.Context, img *Image, who *login, dir string) error {
	c := command{}
	if who != nil {
		c.env = e.host(ctx)
		c.args = []string{"--config", dir}
		login := c
		login.args = append(login.args, "login", "--username", who.user, "--password-stdin", img.public.Context().RegistryStr())
		login.input = who.password
		if _, err := e.run(ctx, login); err != nil {
			return fmt.Errorf("docker login: %w", err)
		}
	}
	target := img.Reference
	if moved := img.public.Name(); !sameName(img) {
		if _, err := e.run(ctx, command{args: []string{"tag", img.Reference, moved}}); err != nil {
			return err
		}
		defer func() { _, _ = e.run(context.WithoutCancel(ctx), command{args: []string{"rmi", "--no-prune", moved}}) }()
		target = moved
	}
	c.args = append(c.args, "push", target)
	_, err := e.run(ctx, c)
	return err
}

// sameName reports whether an image's own reference is where it is pushed to.
func sameName(img *Image) bool {
	host, _, _ := strings.Cut(img.Reference, "/")
	_, ours := parseHost(host)
	return !ours || img.public.Context().RegistryStr() == host
}

func skipsCheck(img *Image) bool {
	return img.Config != nil && img.Config.CertConfig != nil && img.Config.CertConfig.Insecure
}

// host is the variable that leads to the engine which the user's configuration
// chooses: another configuration wouldn't know it.
func (e Engine) host(ctx context.Context) []string {
	out, err := e.run(ctx, command{args: []string{"context", "inspect", "--format", "{{.Endpoints.docker.Host}}"}})
	if host := strings.TrimSpace(out); err == nil && host != "" {
		return []string{"DOCKER_HOST=" + host}
	}
	return nil
}

// command is a run of an engine's program.
type command struct {
	args  []string
	env   []string // over the program's own
	input string
}

// run gives what the program printed, or what it complained about.
func (e Engine) run(ctx context.Context, what command) (string, error) {
	c := exec.CommandContext(ctx, e.Path, what.args...)
	c.Env = append(c.Environ(), what.env...)
	c.Stdin = strings.NewReader(what.input)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		text := strings.TrimSpace(said.String())
		if len(text) > maxSaid {
			text = "…" + text[len(text)-maxSaid:]
		}
		if text == "" {
			return "", err
		}
		return "", fmt.Errorf("%s", strings.Join(strings.Fields(text), " "))
	}
	return out.String(), nil
}
