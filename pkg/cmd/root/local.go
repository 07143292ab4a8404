package root

import (
	"context"
	"os"

	localcmd "s/pkg/cmd/local"
	"s/pkg/local"
)

// local gives the running local cloud, starting it if there is none.
func (w *wiring) local(ctx context.Context) (*local.Info, error) {
	return localcmd.Ensure(ctx, &localcmd.Options{
		IO: w.io, Settings: w.settings, Version: w.version, Home: home, Exe: os.Executable, LookupEnv: os.LookupEnv,
	})
}
