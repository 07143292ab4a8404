//go:build !linux

package sandbox

import "errors"

func newLauncher(o Options) (Launcher, error) {
	return nil, errors.ErrUnsupported
}
