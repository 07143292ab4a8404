// Package rawio reads and writes sockets, pipes and files of cgroups, which never
// block, without telling the Go scheduler.
//
// An ordinary system call tells it, so that another thread can take over if the
// call lasts. On the path of an invocation no call lasts (the descriptors are
// non-blocking, the poller does the waiting), but each one that comes after a
// moment of rest wakes the scheduler's watching thread, which then looks again
// every 20 µs. That cost two fifths of the daemon's time and disturbed the
// functions on the other cores.
//
// A Bell does the same for what comes in: a pipe that programs print to wakes the
// daemon when it looks at the pipe again, and not for each line.
//
// Attention spares the one caller that there is, and its function, to be slept for.
//
// On systems other than Linux everything goes the ordinary way.
package rawio
