package bundle

import (
	"io/fs"
	"syscall"
)

func identity(info fs.FileInfo) fileID {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}
	}
	return fileID{inode: s.Ino, change: s.Ctim.Nano()}
}
