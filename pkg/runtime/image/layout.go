package image

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
)

// layoutEntry is what an OCI layout consists of (image-spec, image-layout.md).
var layoutEntry = regexp.MustCompile(`^(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64})$`)

// unpackLayout unpacks the tar of an OCI layout into dir.
func unpackLayout(file, dir string) (err error) {
	in, err := archiveOpener(file)()
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o700); err != nil {
		return err
	}
	left := unpackLimit(info.Size())
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if h.Typeflag != tar.TypeReg || !layoutEntry.MatchString(name) {
			continue // nothing that an image is read from
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("it unpacks to more than %d MB", unpackLimit(info.Size())>>20)
		}
		if err := writeBlob(filepath.Join(dir, filepath.FromSlash(name)), r); err != nil {
			return err
		}
	}
}

func writeBlob(path string, r io.Reader) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close())
}
