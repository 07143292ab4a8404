package vault

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	keyring "github.com/zalando/go-keyring"
)

// envKeyring switches the keyring off.
const envKeyring = "S_KEYRING"

// service is what our items in the keyring belong to.
const service = "s (Function Compute)"

// New makes the vault of this system. The environment says whether it has a
// keyring: S_KEYRING=off has none, and on Linux and the BSDs a session bus is
// needed, whose Secret Service is asked. Nothing is started to get one.
func New(lookupEnv func(string) (string, bool), say Say) *Vault {
	v := &Vault{Say: say}
	env := func(name string) string {
		value, _ := lookupEnv(name)
		return value
	}
	if slices.Contains([]string{"off", "0", "no", "false"}, env(envKeyring)) {
		return v
	}
	switch runtime.GOOS {
	case "darwin", "windows":
	default:
		if !hasSessionBus(env) {
			v.Missing = "there is no session bus"
			return v
		}
	}
	v.Ring = system{}
	return v
}

// hasSessionBus looks where clients of D-Bus look before they start a bus of
// their own, which would outlive s.
func hasSessionBus(env func(string) string) bool {
	if address := env("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address != "autolaunch:"
	}
	dir := env("XDG_RUNTIME_DIR")
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "bus"))
	return err == nil
}

var errNotKept = errors.New("the keyring didn't keep it")

// system is the Keychain of macOS, the Credential Manager of Windows, or the
// Secret Service.
type system struct{}

// Get gives an item, or ErrNoItem.
func (system) Get(item string) (string, error) {
	text, err := keyring.Get(service, item)
	return text, known(err)
}

// Set makes or replaces an item. Windows takes 2560 bytes; what is longer is an
// error.
func (s system) Set(item, text string) error {
	if err := keyring.Set(service, item, text); err != nil || runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return known(err)
	}
	// A Secret Service may ask its user whether to keep something, and go-keyring
	// doesn't hear a no.
	if kept, err := s.Get(item); err != nil || kept != text {
		return errNotKept
	}
	return nil
}

// Delete removes an item, or gives ErrNoItem.
func (system) Delete(item string) error { return known(keyring.Delete(service, item)) }

func known(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return ErrNoItem
	}
	return err
}
