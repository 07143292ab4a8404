//go:build !linux

package image

import (
	"errors"
	"io/fs"
	"os"
)

func idOfFile(fs.FileInfo) (fileID, bool) { return fileID{}, false }

func sameOwner(string, fs.FileInfo) error { return nil }

func shareContent(_, _ *os.File) error { return errors.ErrUnsupported }

func makeSpecial(string, fs.FileInfo) error { return errors.ErrUnsupported }
