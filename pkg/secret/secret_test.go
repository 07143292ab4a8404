package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/vault"
	"s/pkg/vault/vaulttest"
)

// Made once with OpenSSL, not with this package:
//
//	openssl enc -aes-256-cbc -md md5 -pass pass:02:42:ac:11:00:02 -a -A
const (
	address    = "02:42:ac:11:00:02"
	cipherPeer = "U2FsdGVkX19Xnb1W+GifyrY3TRzrCFE9MAN5mtXfSL8="
	plainPeer  = "peer-secret"
	cipherKey  = "U2FsdGVkX19VLCrp1GLrIGO+J34pppBQXEw7RaKx7UM=" // the same with pass:key123
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestComesBack(t *testing.T) {
	t.Parallel()
	for _, ring := range []*vaulttest.Keyring{nil, {}} {
		s := Store{Home: filepath.Join(t.TempDir(), "home"), Vault: &vault.Vault{}}
		place := InFile
		if ring != nil {
			s.Vault.Ring = ring
			place = InKeyring
		}
		values := map[string]string{"a": "topsecret", "b.c-d": "two\nlines: {}#\"'\x00\x7f", "_": "~"}
		for name, text := range values {
			if err := s.Add(t.Context(), name, text, false); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range values {
			if got, err := s.Get(t.Context(), name); err != nil || got != text {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		list, err := s.List()
		if diff := cmp.Diff([]Item{{"_", place}, {"a", place}, {"b.c-d", place}}, list); diff != "" || err != nil {
			t.Error(diff, err)
		}
		data, err := os.ReadFile(s.own())
		if err != nil || strings.Contains(string(data), "topsecret") != (ring == nil) {
			t.Errorf("the file has it, or hasn't: %v", err)
		}
		if err := s.Add(t.Context(), "a", "another", true); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"_", "b.c-d"} {
			if err := s.Delete(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		if ring != nil {
			if diff := cmp.Diff([]string{"another"}, ring.Texts()); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	s := Store{Home: t.TempDir(), Addresses: []string{address}}
	put(t, filepath.Join(s.Home, peerName), "theirs: "+cipherPeer+"\n")
	for name, text := range map[string]string{"": "x", "9": "x", "a b": "x", strings.Repeat("a", 129): "x", "empty": "", "long": strings.Repeat("x", MaxValue+1)} {
		if err := s.Add(t.Context(), name, text, false); err == nil || len(err.Error()) > 500 {
			t.Errorf("%.20q: %v", name, err)
		}
	}
	if err := s.Add(t.Context(), "mine", "topsecret", false); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	var missing *NotFoundError
	var theirs *PeerError
	for _, name := range []string{"mine", "theirs"} {
		if err := s.Add(t.Context(), name, "other", false); !errors.As(err, &exists) {
			t.Errorf("%s: %v", name, err)
		}
		if there, err := s.Has(name); err != nil || !there {
			t.Errorf("%s isn't there: %v", name, err)
		}
	}
	if err := s.Delete(t.Context(), "theirs"); !errors.As(err, &theirs) {
		t.Errorf("%v", err)
	}
	if err := s.Delete(t.Context(), "none"); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
	if _, err := s.Get(t.Context(), "none"); !errors.As(err, &missing) || !strings.Contains(err.Error(), peerName) {
		t.Errorf("%v", err)
	}
}

// TestPeer: values of Serverless Devs are read, whichever passphrase it took, and
// ours come before them.
func TestPeer(t *testing.T) {
	t.Parallel()
	s := Store{Home: t.TempDir(), Addresses: []string{"ff:ff:ff:ff:ff:ff", address}}
	put(t, filepath.Join(s.Home, peerName), "a: "+cipherPeer+"\nb: "+cipherKey+"\nplain: text\n")
	for name, want := range map[string]string{"a": plainPeer, "b": plainPeer, "plain": "text"} {
		if got, err := s.Get(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := s.Add(t.Context(), "a", "ours", true); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got != "ours" {
		t.Errorf("%q, %v", got, err)
	}
	elsewhere := Store{Home: s.Home, Addresses: []string{}}
	if err := elsewhere.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Get(t.Context(), "a"); !errors.Is(err, vault.ErrCipher) || !strings.Contains(err.Error(), peerName+":1:") {
		t.Errorf("%v", err)
	}
	if list := (Store{}).passphrases(); len(list) < 2 {
		t.Errorf("%v", list)
	}
}

// TestBrokenFiles: the file and the line are named, and nothing is quoted.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ file, text, at string }{
		{ownName, "\n- topsecret", ownName + ":2:"},
		{ownName, "secrets: topsecret", ownName + ":1:"},
		{ownName, "secrets:\n  a: [topsecret]", ownName + ":2:"},
		{ownName, "secrets: {topsecret", ownName + ":1:"},
		{peerName, "- topsecret", peerName + ":1:"},
		{peerName, "a: b\nc: [topsecret]", peerName + ":2:"},
		{peerName, "a: b\n\tc: topsecret", peerName + ":"},
	} {
		s := Store{Home: t.TempDir()}
		put(t, filepath.Join(s.Home, tt.file), tt.text)
		_, getErr := s.Get(t.Context(), "a2")
		_, listErr := s.List()
		addErr := s.Add(t.Context(), "x", "y", false)
		for _, err := range []error{getErr, listErr, addErr} {
			if err == nil || !strings.Contains(err.Error(), tt.at) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%s %q: %v", tt.file, tt.text, err)
			}
		}
		if data, err := os.ReadFile(filepath.Join(s.Home, tt.file)); err != nil || string(data) != tt.text {
			t.Errorf("it changed: %v", err)
		}
	}
}

func TestLostKeyring(t *testing.T) {
	t.Parallel()
	s := Store{Home: t.TempDir(), Vault: &vault.Vault{Ring: &vaulttest.Keyring{}}}
	if err := s.Add(t.Context(), "a", "topsecret", false); err != nil {
		t.Fatal(err)
	}
	s.Vault = &vault.Vault{Missing: "there is no session bus"}
	if _, err := s.Get(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), `secret "a" can't be read: it is in the keyring: there is no session bus`) {
		t.Errorf("%v", err)
	}
}

// FuzzFiles: files from anywhere are read or refused.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("secrets: {a: {value: x}}"), []byte("b: c"))
	f.Add([]byte("secrets: {a: {keyring: x}}"), []byte("- 1"))
	f.Fuzz(func(t *testing.T, own, peer []byte) {
		s := Store{Home: t.TempDir()}
		put(t, filepath.Join(s.Home, ownName), string(own))
		put(t, filepath.Join(s.Home, peerName), string(peer))
		list, err := s.List()
		for _, item := range list {
			_, _ = s.Get(t.Context(), item.Name) // whatever it is, it ends
		}
		if err == nil && s.Add(t.Context(), "fresh", "text", true) == nil {
			if got, err := s.Get(t.Context(), "fresh"); err != nil || got != "text" {
				t.Errorf("%q, %v", got, err)
			}
		}
	})
}
