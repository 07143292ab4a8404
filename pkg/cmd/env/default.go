package envcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"s/pkg/vault"
)

// choice is a row of the file of defaults, which has the form of Serverless
// Devs' ~/.s/cache/default-env.json.
type choice struct {
	Project string `json:"project"`
	Default string `json:"default"`
	Path    string `json:"path"` // of the env.yaml, absolute
}

func defaultsFile(home string) string { return filepath.Join(home, "cache", "default-env.json") }

func readDefaults(home string) ([]choice, error) {
	data, err := os.ReadFile(defaultsFile(home))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseDefaults(defaultsFile(home), data)
}

// Default gives the environment that was chosen for a project and its env.yaml;
// empty if none was. A row of the project that names another file counts if none
// names this one, so that a project may be moved.
func Default(home, project, file string) string {
	list, err := readDefaults(home)
	if err != nil {
		return ""
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	moved := ""
	for _, c := range list {
		if c.Path == abs {
			return c.Default
		}
		if _, err := os.Stat(c.Path); c.Project == project && project != "" && (c.Path == "" || err != nil) {
			moved = c.Default
		}
	}
	return moved
}

// setDefault stores the choice for an env.yaml; an empty name forgets it.
func setDefault(ctx context.Context, home string, c choice) error {
	path := defaultsFile(home)
	return vault.Update(ctx, path, nil, func(old []byte) ([]byte, error) {
		list, err := parseDefaults(path, old)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(old choice) bool { return old.Path == c.Path })
		if c.Default != "" {
			list = append(list, c)
		}
		data, err := json.MarshalIndent(list, "", "  ")
		return append(data, '\n'), err
	})
}

func parseDefaults(path string, data []byte) ([]choice, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var list []choice
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return list, nil
}
