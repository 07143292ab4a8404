package root

import (
	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// newFactory wires what commands are given; everything expensive stays lazy.
func newFactory(io *iostreams.IOStreams, version string) *cmdutil.Factory {
	return &cmdutil.Factory{IO: io, Version: version, Settings: &cmdutil.Settings{}}
}
