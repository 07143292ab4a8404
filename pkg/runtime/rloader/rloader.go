// Package rloader is what runs inside a sandbox before, and in managed
// runtimes besides, the function: the program's own binary, started again with
// Path as its name. It gets its orders over a socket, makes the file system
// that the function sees, gives up its rights and then becomes the function's
// command (custom runtimes) or stays as PID 1 and looks after it (managed
// runtimes). Package sandbox is the other end of the socket.
//
// A cold start waits for it, so it does nothing that isn't needed.
package rloader

// Path is rloader's place in an instance and the argv[0] that makes a program
// which calls Is and Main first thing act as rloader.
const Path = "/var/fc/runtime/rloader"

// Try as argv[1] makes rloader end with exit code 0 if it may mount file systems
// in the namespaces that it was started in.
const Try = "try"

// Is reports whether a program that was started with args is to be rloader.
// Every program that launches sandboxes, test binaries too, must ask it before
// it does anything else, and exit with Main's result if so.
func Is(args []string) bool {
	return len(args) > 0 && args[0] == Path
}

// Main takes its orders, carries them out, and returns the exit code. It
// doesn't return if the process becomes the function's command.
func Main() int {
	return run()
}
