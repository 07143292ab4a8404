package acceptance

import (
	"errors"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"s/pkg/vault/vaulttest"
)

// keyrings are those of the scripts that run, by their work folder.
type keyrings struct{ running sync.Map }

// command is keyring start|lock|die: it starts a Secret Service on a D-Bus of
// the script's own and makes s use it; locks it, with a user who doesn't unlock
// it; ends it and leaves the bus.
func (k *keyrings) command(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keyring start|lock|die")
	}
	work := ts.Getenv("WORK")
	if args[0] == "start" {
		k.running.Store(work, startKeyring(ts))
		return
	}
	found, _ := k.running.Load(work)
	service, ok := found.(*vaulttest.Service)
	if !ok {
		ts.Fatalf("there is no keyring: keyring start")
	}
	switch args[0] {
	case "lock":
		service.Lock(vaulttest.Dismisses)
	case "die":
		service.Close()
	default:
		ts.Fatalf("keyring can't %s", args[0])
	}
}

func startKeyring(ts *testscript.TestScript) *vaulttest.Service {
	bus, err := vaulttest.StartBus()
	ts.Check(err)
	ts.Defer(bus.Close)
	service, err := vaulttest.Serve(bus.Address)
	ts.Check(err)
	ts.Defer(service.Close)
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", bus.Address)
	ts.Setenv("S_KEYRING", "")
	return service
}

// hasBus reports whether a bus can be started here.
func hasBus() (bool, error) {
	bus, err := vaulttest.StartBus()
	if errors.Is(err, vaulttest.ErrNoDaemon) {
		return false, nil
	}
	if err == nil {
		bus.Close()
	}
	return err == nil, err
}
