package build

import "golang.org/x/sys/unix"

// exchange swaps two folders in one step. It returns an error that is
// os.ErrNotExist if one of them isn't there.
func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
