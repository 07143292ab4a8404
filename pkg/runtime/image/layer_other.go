//go:build !linux

package image

import (
	"errors"
	"os"
)

// Images run on Linux alone; elsewhere a layer can be unpacked and not be laid
// over others.
func isWhiteout(os.FileInfo) bool { return false }

func (u *unpacker) markRemoved(string) error { return errors.ErrUnsupported }

func (u *unpacker) markOpaque(string) error { return errors.ErrUnsupported }

func (u *unpacker) fifo(string) error { return errors.ErrUnsupported }

func refusedOwner(error) bool { return true }
