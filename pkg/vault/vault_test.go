package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"s/pkg/vault"
	"s/pkg/vault/vaulttest"
)

// teller collects what a vault tells.
func teller() (*[]string, vault.Say) {
	said := &[]string{}
	return said, func(format string, args ...any) { *said = append(*said, fmt.Sprintf(format, args...)) }
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	ring := &vaulttest.Keyring{}
	said, say := teller()
	v := &vault.Vault{Ring: ring, Say: say}
	value, err := v.Seal(t.Context(), "topsecret")
	if err != nil || value.Keyring == "" || value.Text != "" {
		t.Fatalf("%v, %v", value, err)
	}
	if text, err := v.Open(t.Context(), value); err != nil || text != "topsecret" {
		t.Errorf("%q, %v", text, err)
	}
	second, err := v.Seal(t.Context(), "topsecret")
	if err != nil || second.Keyring == value.Keyring {
		t.Errorf("one item for two values: %v", err)
	}
	v.Forget(t.Context(), value.Keyring)
	v.Forget(t.Context(), "none")
	if got := ring.Texts(); !slices.Equal(got, []string{"topsecret"}) {
		t.Errorf("the keyring has %d items", len(got))
	}
	if _, err := v.Open(t.Context(), value); !errors.Is(err, vault.ErrNoItem) {
		t.Errorf("%v", err)
	}
	if len(*said) > 0 {
		t.Errorf("said %q", *said)
	}
}

// TestWithoutKeyring: the text comes back for the file, and that is said once.
func TestWithoutKeyring(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for _, tt := range []struct {
		name  string
		vault *vault.Vault
		says  string
	}{
		{"nil", nil, ""},
		{"switched off", &vault.Vault{}, ""},
		{"there is none", &vault.Vault{Missing: "no bus"}, "no bus"},
		{"it fails", &vault.Vault{Ring: &vaulttest.Keyring{Err: errors.New("locked")}}, "locked"},
		{"it hangs", &vault.Vault{Ring: &vaulttest.Keyring{Hang: hang}, Wait: 10 * time.Millisecond}, "doesn't answer within 10ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, say := teller()
			if tt.vault != nil {
				tt.vault.Say = say
			}
			for range 2 {
				if value, err := tt.vault.Seal(t.Context(), "topsecret"); err != nil || value.Text != "topsecret" || value.Keyring != "" {
					t.Errorf("%v, %v", value, err)
				}
			}
			if len(*said) != min(1, len(tt.says)) || len(*said) == 1 && !strings.Contains((*said)[0], tt.says) {
				t.Errorf("said %q", *said)
			}
			if _, err := tt.vault.Open(t.Context(), vault.Value{Keyring: "x"}); err == nil || !strings.Contains(err.Error(), "keyring") {
				t.Errorf("%v", err)
			}
			if text, err := tt.vault.Open(t.Context(), vault.Value{Text: "plain"}); err != nil || text != "plain" {
				t.Errorf("%q, %v", text, err)
			}
			tt.vault.Forget(t.Context(), "x")
		})
	}
}

func TestSealIsInterrupted(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	defer close(hang)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := &vault.Vault{Ring: &vaulttest.Keyring{Hang: hang}}
	if value, err := v.Seal(ctx, "topsecret"); !errors.Is(err, context.Canceled) || value.Text != "" {
		t.Errorf("%v, %v", value, err)
	}
}

// TestNew: when a keyring is used, on this system.
func TestNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env           map[string]string
		ring, missing bool
	}{
		{map[string]string{"S_KEYRING": "off", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, false, false},
		{map[string]string{"S_KEYRING": "0"}, false, false},
		{map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, true, false},
		{map[string]string{"XDG_RUNTIME_DIR": dir}, true, false},
		{map[string]string{"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}, false, true},
		{map[string]string{"XDG_RUNTIME_DIR": filepath.Join(dir, "none")}, false, true},
		{nil, false, true},
	} {
		if (runtime.GOOS == "darwin" || runtime.GOOS == "windows") && tt.missing {
			continue // they always have one
		}
		v := vault.New(func(name string) (string, bool) { text, ok := tt.env[name]; return text, ok }, nil)
		if (v.Ring != nil) != tt.ring || (v.Missing != "") != tt.missing {
			t.Errorf("%v: keyring %t, missing %q", tt.env, v.Ring != nil, v.Missing)
		}
	}
}

func TestValueDoesntShow(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, vault.Value{Text: "topsecret"}); got != "(secret)" {
			t.Errorf("%s: %s", verb, got)
		}
		if got := fmt.Sprintf(verb, vault.Value{Keyring: "item"}); got != "(in the keyring)" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

// TestBroken: the line is named and nothing is quoted.
func TestBroken(t *testing.T) {
	t.Parallel()
	var target struct {
		A map[string]int `yaml:"a" json:"a"`
	}
	for text, want := range map[string]string{
		"a:\n  b: topsecret":  "f:2: this isn't right",
		"a: 1\nb: [topsecret": "f:1: this isn't right",
	} {
		err := yaml.Unmarshal([]byte(text), &target)
		if err == nil || vault.BadYAML("f", err, "right").Error() != want {
			t.Errorf("%q: %v, %v", text, err, vault.BadYAML("f", err, "right"))
		}
	}
	for text, want := range map[string]string{
		"{\n\"a\": topsecret": "f:2: this isn't right", "{\"a\":\n{\"b\":\n\"topsecret\"}}": "f:3: this isn't right", "": "f:1: this isn't right",
	} {
		err := json.Unmarshal([]byte(text), &target)
		if err == nil || vault.BadJSON("f", []byte(text), err, "right").Error() != want {
			t.Errorf("%q: %v, %v", text, err, vault.BadJSON("f", []byte(text), err, "right"))
		}
	}
	if got := vault.BadJSON("f", nil, errors.New("x"), "right").Error(); got != "f: this isn't right" {
		t.Error(got)
	}
}
