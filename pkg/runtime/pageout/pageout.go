// Package pageout takes their memory from processes that stand still, keeps it
// compressed in this process, and gives it back before they go on. It does what
// swapping does for programs that nobody uses, on machines without swap, and
// without the machine's having to be short of memory.
//
// Only private memory that has no other home is taken: what is mapped from files
// stays in the page cache, which the kernel empties by itself.
package pageout

import "errors"

// ErrUnsupported is the error of Take where the system, the processor or one of
// the processes doesn't allow it. They are as they were.
var ErrUnsupported = errors.New("memory can't be taken from these processes")

// ErrLost is the error of Take and Return when a process has lost memory, and has
// to be ended.
var ErrLost = errors.New("memory was lost")

// ErrTooLarge is the error of Take for processes with more memory than asked for:
// to give it back would take longer than it is worth. They are as they were.
var ErrTooLarge = errors.New("the processes have too much memory")
