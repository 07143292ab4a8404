package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// tempMark is in the names of unfinished folders, so that those of killed
// builds can be told and removed.
const tempMark = ".tmp-"

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
	dir, err := os.MkdirTemp(parent, filepath.Base(path)+tempMark)
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
		if strings.HasPrefix(s.Name(), filepath.Base(path)+tempMark) {
			if err := os.RemoveAll(filepath.Join(filepath.Dir(path), s.Name())); err != nil {
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

// assemble makes the artifact: a copy of the source with what add puts beside
// it. The former artifact stays until the new one is complete; on an error
// nothing of the new one remains.
func assemble(ctx context.Context, req Request, t *tree, add func(dir string) error) (err error) {
	dir, err := stage(req.ArtifactDir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := copyTree(ctx, t.Listing, dir); err != nil {
		return err
	}
	if err := add(dir); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on the old notes don't fit.
	if err := os.Remove(req.ArtifactDir + stampSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return swap(dir, req.ArtifactDir)
}
