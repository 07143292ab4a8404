package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// maxSaid bounds how much of an engine's complaint is repeated, in bytes.
const maxSaid = 300

// Engines are docker and podman, as far as their programs are on PATH.
func Engines() []Engine {
	var engines []Engine
	for _, program := range []string{"docker", "podman"} {
		path, err := exec.LookPath(program)
		if err != nil {
			continue
		}
		engines = append(engines, Engine{
			Name: program,
			Inspect: func(ctx context.Context, reference string) (string, error) {
				out, err := ask(ctx, path, "image", "inspect", "--format", "{{.Id}}", reference)
				if err != nil && program == "podman" && alone(uidMap) {
					err = fmt.Errorf("%w (the store of a podman without root can't be read from here: `podman save -o image.tar %s`, and image docker-archive:./image.tar)", err, reference)
				}
				return strings.TrimPrefix(strings.TrimSpace(out), "sha256:"), err
			},
			Save: func(ctx context.Context, reference, file string) error {
				_, err := ask(ctx, path, "save", "-o", file, reference)
				return err
			},
		})
	}
	return engines
}

// uidMap tells which users there are in this process's user namespace
// (user_namespaces(7)).
const uidMap = "/proc/self/uid_map"

// alone reports whether a map has one user: that of the local cloud of somebody
// who isn't root. A podman started there takes itself for root's.
func alone(file string) bool {
	text, err := os.ReadFile(file)
	fields := strings.Fields(string(text))
	return err == nil && len(fields) == 3 && fields[2] == "1"
}

// ask runs a program and gives what it printed, or what it complained about.
func ask(ctx context.Context, program string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, program, args...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		last := lines[len(lines)-1]
		if len(last) > maxSaid {
			last = last[:maxSaid] + "…"
		}
		if last == "" {
			return "", err
		}
		return "", fmt.Errorf("%s", last)
	}
	if out.Len() == 0 && len(args) > 0 && args[0] == "image" {
		return "", errors.New("it gives no id")
	}
	return out.String(), nil
}
