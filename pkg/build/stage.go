package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// TempMark is in the names of unfinished folders, so that those of killed
// builds can be told and removed.
const TempMark = ".tmp-"

// stage makes a folder beside the path, to be moved there when it is complete,
// and removes what killed builds left. The caller holds the lock.
func stage(path string) (string, error) {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	if err := sweep(path); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, filepath.Base(path)+TempMark)
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) // MkdirTemp's 0700 would keep FC's user out
}

// sweep removes the unfinished folders beside a path.
func sweep(path string) error {
	siblings, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, s := range siblings {
		if strings.HasPrefix(s.Name(), filepath.Base(path)+TempMark) {
			if err := Discard(filepath.Join(filepath.Dir(path), s.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// swap puts the finished folder in the place of the artifact and removes the
// one that was there.
func swap(finished, artifact string) error {
	err := exchange(finished, artifact)
	if err == nil {
		return os.RemoveAll(finished)
	}
	if !errors.Is(err, os.ErrNotExist) {
		// No exchange in one step here: move the old one away first.
		if err := os.Rename(artifact, finished+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(finished, artifact); err != nil {
		return errors.Join(err, os.Rename(finished+".old", artifact))
	}
	return os.RemoveAll(finished + ".old")
}

// Remove removes an artifact and the notes beside it, if they are there, and
// folders that are empty then.
func Remove(artifactDir string) error {
	err := sweep(artifactDir)
	for _, path := range []string{artifactDir + stampSuffix, artifactDir + envSuffix, artifactDir} {
		err = errors.Join(err, os.RemoveAll(path))
	}
	_ = os.Remove(filepath.Dir(artifactDir)) // fails unless empty, as it should
	return err
}
