package build

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"s/pkg/atomicfile"
	"s/pkg/diag"
)

// CodeDir is where a function's code is on FC.
const CodeDir = "/code"

// SystemPath is the PATH of FC's runtimes (custom.debian12's, documentation of
// custom runtimes), less the interpreter in front.
const SystemPath = "/usr/local/bin/apache-maven/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/sbin:/bin:" +
	"/usr/local/ruby/bin:/opt/bin:/code:/code/bin"

// envSuffix is appended to an artifact's path for the file with its variables.
const envSuffix = ".env.json"

// Environment reads the variables that the artifact needs to be found by its
// runtime; none for a folder that isn't an artifact.
func Environment(artifactDir string) (map[string]string, error) {
	data, err := os.ReadFile(artifactDir + envSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	if err := json.Unmarshal(data, &env); err != nil {
		return nil, diag.Errorf("%s%s: %w", artifactDir, envSuffix, err)
	}
	return env, nil
}

// MergeEnv puts the user's variables over the artifact's. Of the variables that
// are lists of folders (PATH, PYTHONPATH, ...) the user's value stays, with the
// artifact's own folders in front unless they are in it already.
func MergeEnv(artifact, user map[string]string) map[string]string {
	if len(artifact) == 0 {
		return user
	}
	out := make(map[string]string, len(artifact)+len(user))
	maps.Copy(out, artifact)
	for k, v := range user {
		if ours, ok := artifact[k]; ok && isPathList(k) && v != "" {
			v = withFolders(ours, v)
		}
		out[k] = v
	}
	return out
}

func isPathList(key string) bool {
	switch key {
	case "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "NODE_PATH":
		return true
	}
	return false
}

// withFolders adds those entries of ours to the user's list that lead to
// dependencies; the system's places are the user's to choose.
func withFolders(ours, user string) string {
	have := strings.Split(user, ":")
	system := strings.Split(SystemPath, ":")
	var add []string
	for entry := range strings.SplitSeq(ours, ":") {
		if strings.HasPrefix(entry, CodeDir+"/") && !slices.Contains(system, entry) && !slices.Contains(have, entry) {
			add = append(add, entry)
		}
	}
	return strings.Join(append(add, have...), ":")
}

// joinList is a variable's value of folders, each once.
func joinList(folders []string) string {
	var out []string
	for _, f := range folders {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return strings.Join(out, ":")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// writeEnv writes the variables beside the artifact.
func writeEnv(artifactDir string, env map[string]string) error {
	data, err := json.MarshalIndent(env, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(artifactDir+envSuffix, append(data, '\n'))
}

// replaceFile writes a file in one step.
func replaceFile(path string, data []byte) error {
	return atomicfile.Write(path, data, atomicfile.Options{Mode: 0o644})
}
