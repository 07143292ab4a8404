//go:build linux

package vault_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"s/pkg/vault"
	"s/pkg/vault/vaulttest"
)

// bus is a private bus that the keyring of New uses; the tests of this file
// aren't parallel for it.
func bus(t *testing.T) *vaulttest.Bus {
	t.Helper()
	b, err := vaulttest.StartBus()
	if errors.Is(err, vaulttest.ErrNoDaemon) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", b.Address)
	t.Setenv("S_KEYRING", "")
	t.Cleanup(func() { endBus(b) })
	return b
}

// endBus also waits until the process-wide connection has noticed, so that the
// next test makes another one.
func endBus(b *vaulttest.Bus) {
	conn, err := dbus.SessionBus()
	b.Close()
	if err == nil {
		<-conn.Context().Done()
	}
}

func serve(t *testing.T, b *vaulttest.Bus) *vaulttest.Service {
	t.Helper()
	s, err := vaulttest.Serve(b.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// real is the vault of the system, as s makes it.
func real(t *testing.T) (*vault.Vault, *[]string) {
	t.Helper()
	said, say := teller()
	v := vault.New(os.LookupEnv, say)
	if v.Ring == nil {
		t.Fatalf("no keyring: %s", v.Missing)
	}
	return v, said
}

func seal(t *testing.T, v *vault.Vault, text string) vault.Value {
	t.Helper()
	value, err := v.Seal(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// opens wants a value to open to a text.
func opens(t *testing.T, v *vault.Vault, value vault.Value, want string) {
	t.Helper()
	if got, err := v.Open(t.Context(), value); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// keeps is what every Secret Service must do for us.
func keeps(t *testing.T) {
	v, said := real(t)
	texts := []string{"topsecret", `{"AccessKeySecret":"a\"b"}`, "with\nlines\t🔑", strings.Repeat("long ", 12<<10)}
	var values []vault.Value
	for _, text := range texts {
		value := seal(t, v, text)
		if value.Keyring == "" || value.Text != "" {
			t.Fatalf("it isn't in the keyring: %v, %q", value, *said)
		}
		values = append(values, value)
	}
	for i, value := range values {
		opens(t, v, value, texts[i])
	}
	v.Forget(t.Context(), values[0].Keyring)
	v.Forget(t.Context(), values[0].Keyring) // nothing is there any more
	if _, err := v.Open(t.Context(), values[0]); !errors.Is(err, vault.ErrNoItem) {
		t.Errorf("what was forgotten: %v", err)
	}
	opens(t, v, values[1], texts[1])
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

func TestSecretService(t *testing.T) {
	service := serve(t, bus(t))
	keeps(t)
	if got := service.Texts(); len(got) != 3 {
		t.Errorf("%d items", len(got))
	}
}

// TestGnomeKeyring holds the stand-in of the other tests to a real one, where
// it is installed.
func TestGnomeKeyring(t *testing.T) {
	daemon, err := exec.LookPath("gnome-keyring-daemon")
	if err != nil {
		t.Skip("no gnome-keyring-daemon on this machine")
	}
	b := bus(t)
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), daemon, "--foreground", "--unlock", "--components=secrets", "--control-directory="+dir)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_RUNTIME_DIR="+dir, "DBUS_SESSION_BUS_ADDRESS="+b.Address)
	cmd.Stdin = strings.NewReader("password of the keyring")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	conn, err := dbus.Connect(b.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var owned bool
		if err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets").Store(&owned); err != nil {
			t.Fatal(err)
		}
		if owned {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("gnome-keyring-daemon doesn't serve")
		}
	}
	keeps(t)
}

// TestLockedCollection: the user is asked; without the key, storing takes the
// file and says so, and reading says why it can't.
func TestLockedCollection(t *testing.T) {
	service := serve(t, bus(t))
	v, said := real(t)
	value := seal(t, v, "topsecret")

	service.Lock(vaulttest.Agrees)
	opens(t, v, value, "topsecret")
	service.Lock(vaulttest.Agrees)
	if again := seal(t, v, "second"); again.Keyring == "" || len(*said) > 0 {
		t.Errorf("unlocked: %v, %q", again, *said)
	}

	service.Lock(vaulttest.Dismisses)
	if _, err := v.Open(t.Context(), value); err == nil || !strings.Contains(err.Error(), "it is in the keyring: ") {
		t.Errorf("%v", err)
	}
	if other := seal(t, v, "third"); other.Text != "third" || other.Keyring != "" || len(*said) != 1 {
		t.Errorf("%v, %q", other, *said)
	}
	v.Forget(t.Context(), value.Keyring)
	if got := service.Texts(); !slices.Equal(got, []string{"second", "topsecret"}) {
		t.Errorf("%d items", len(got))
	}
}

// TestNobodyUnlocks: the wait ends.
func TestNobodyUnlocks(t *testing.T) {
	service := serve(t, bus(t))
	v, said := real(t)
	value := seal(t, v, "topsecret")
	service.Lock(vaulttest.Waits)
	v.Wait = 50 * time.Millisecond
	if other := seal(t, v, "second"); other.Text != "second" || len(*said) != 1 || !strings.Contains((*said)[0], "doesn't answer within 50ms") {
		t.Errorf("%v, %q", other, *said)
	}
	if _, err := v.Open(t.Context(), value); err == nil || !strings.Contains(err.Error(), "doesn't answer within 50ms") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Open(ctx, value); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestRefusedToKeep: a service that asks before it keeps, and is told no, has
// kept nothing, and the secret isn't lost.
func TestRefusedToKeep(t *testing.T) {
	service := serve(t, bus(t))
	v, said := real(t)
	service.Ask(vaulttest.Agrees)
	opens(t, v, seal(t, v, "first"), "first")
	service.Ask(vaulttest.Dismisses)
	if value := seal(t, v, "second"); value.Text != "second" || len(*said) != 1 || !slices.Equal(service.Texts(), []string{"first"}) {
		t.Errorf("%v, %q", value, *said)
	}
}

// TestServiceDies between two calls; another one has other items.
func TestServiceDies(t *testing.T) {
	b := bus(t)
	service := serve(t, b)
	v, said := real(t)
	value := seal(t, v, "topsecret")
	service.Close()
	if _, err := v.Open(t.Context(), value); err == nil || errors.Is(err, vault.ErrNoItem) || !strings.Contains(err.Error(), "it is in the keyring: ") {
		t.Errorf("%v", err)
	}
	if other := seal(t, v, "second"); other.Text != "second" || len(*said) != 1 {
		t.Errorf("%v, %q", other, *said)
	}
	v.Forget(t.Context(), value.Keyring)
	serve(t, b)
	if _, err := v.Open(t.Context(), value); !errors.Is(err, vault.ErrNoItem) {
		t.Errorf("%v", err)
	}
	opens(t, v, seal(t, v, "third"), "third")
}

// TestBusDies while a prompt waits for its answer, as at a logout: an error, no
// crash.
func TestBusDies(t *testing.T) {
	b, err := vaulttest.StartBus()
	if errors.Is(err, vaulttest.ErrNoDaemon) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", b.Address)
	service := serve(t, b)
	v, said := real(t)
	asked := service.Asked()
	service.Lock(vaulttest.Waits)
	go func() {
		<-asked
		endBus(b)
	}()
	if value := seal(t, v, "topsecret"); value.Text != "topsecret" || len(*said) != 1 || strings.Contains((*said)[0], "doesn't answer") {
		t.Errorf("%v, %q", value, *said)
	}
}

// TestNoBus: an address that nobody is at, and none at all. Nothing is started,
// and that the file is taken is said.
func TestNoBus(t *testing.T) {
	for _, address := range []string{"unix:path=" + filepath.Join(t.TempDir(), "none"), "nonsense", ""} {
		t.Run(address, func(t *testing.T) {
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
			t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
			said, say := teller()
			v := vault.New(os.LookupEnv, say)
			path := filepath.Join(t.TempDir(), "kept")
			err := vault.Update(t.Context(), path, say, func([]byte) ([]byte, error) { return []byte(seal(t, v, "topsecret").Text), nil })
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			info, statErr := os.Stat(path)
			if err != nil || statErr != nil || string(data) != "topsecret" || info.Mode() != 0o600 {
				t.Errorf("%q, %v, %v, %v", data, info.Mode(), err, statErr)
			}
			if len(*said) != 1 || !strings.HasPrefix((*said)[0], "kept in a file that only you can read, not in a keyring: ") {
				t.Errorf("said %q", *said)
			}
		})
	}
}
