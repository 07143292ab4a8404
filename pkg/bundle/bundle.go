// Package bundle turns a folder into the zip archive that FC runs: the same
// bytes for the same tree on every machine, without what .fcignore leaves out,
// within the service's limits.
package bundle

// Bundle is a finished archive.
type Bundle struct {
	Path     string // of the zip file on disk
	Size     int64  // bytes
	Checksum string // CRC-64/ECMA of the file, unsigned decimal, as codeChecksum has it
	Files    int
	Source   int64 // bytes before compression
}

// Options says how to pack.
type Options struct {
	// Out is the zip file to write; it is replaced only when complete.
	Out string
	// Workers bounds the compressing goroutines; 0 is one per processor.
	Workers int
	// NoDefaultIgnore packs .git, .env*, .s, __pycache__ and .DS_Store too.
	NoDefaultIgnore bool
}
