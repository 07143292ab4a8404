//go:build !linux

package build

import "errors"

// exchange swaps two folders in one step, which this system can't.
func exchange(_, _ string) error { return errors.ErrUnsupported }
