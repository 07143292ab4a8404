package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func keys(alias string) Credentials {
	return Credentials{Alias: alias, AccountID: "1" + alias, AccessKeyID: "id-" + alias, AccessKeySecret: "secret-" + alias, SecurityToken: "token-" + alias}
}

// kept reads what is kept below home.
func kept(t *testing.T, home string) *Kept {
	t.Helper()
	k, err := ReadKept(home, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// save writes k over whatever is kept.
func save(t *testing.T, k *Kept) {
	t.Helper()
	if err := saved(t, k); err != nil {
		t.Fatal(err)
	}
}

func saved(t *testing.T, k *Kept) error {
	t.Helper()
	return UpdateKept(t.Context(), filepath.Dir(k.path), k.vault, func(fresh *Kept) error {
		fresh.doc = k.doc
		return nil
	})
}

// foreignFile writes an access.yaml as Serverless Devs does.
func foreignFile(t *testing.T, home string) {
	t.Helper()
	text := fmt.Sprintf("theirs:\n  AccountID: %s\n  AccessKeyID: %s\n  AccessKeySecret: %s\n", cipherAccount, cipherID, cipherSecret)
	if err := os.WriteFile(filepath.Join(home, "access.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// same compares all fields, which printing would hide.
func same(a, b Credentials) bool { return a == b }

func TestKeptComesBack(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "not", "there", "yet")
	k := kept(t, home)
	odd := Credentials{Alias: "odd", AccountID: "0123", AccessKeyID: "yes", AccessKeySecret: "a: b # c\n\"'{}", SecurityToken: "~"}
	for _, c := range []Credentials{keys("prod"), odd, {Alias: "bare", AccessKeyID: "i", AccessKeySecret: "s"}} {
		if err := k.Add(c, false); err != nil {
			t.Fatal(err)
		}
	}
	save(t, k)
	again := kept(t, home)
	for _, want := range []Credentials{keys("prod"), odd, {Alias: "bare", AccessKeyID: "i", AccessKeySecret: "s"}} {
		if got, ok := again.Get(want.Alias); !ok || !same(got, want) {
			t.Errorf("%s came back changed: %t", want.Alias, ok)
		}
	}
	if diff := cmp.Diff([]string{"bare", "odd", "prod"}, again.Aliases()); diff != "" {
		t.Error(diff)
	}
	if again.Default() != "prod" {
		t.Errorf("the default is %s, not the first one", again.Default())
	}
}

func TestKeptIsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are Unix's")
	}
	home := filepath.Join(t.TempDir(), "home")
	k := kept(t, home)
	if err := k.Add(keys("a"), false); err != nil {
		t.Fatal(err)
	}
	save(t, k)
	path := filepath.Join(home, keptName)
	// Somebody opened it to others: the next save closes it again.
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	save(t, k)
	for name, want := range map[string]os.FileMode{home: 0o700, path: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) != 2 { // and the lock
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	foreignFile(t, home)
	k := kept(t, home)
	if err := k.Add(keys("mine"), false); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	for _, alias := range []string{"mine", "theirs"} {
		if err := k.Add(keys(alias), false); !errors.As(err, &exists) || exists.Alias != alias {
			t.Errorf("%s: %v", alias, err)
		}
		if err := k.Add(keys(alias), true); err != nil {
			t.Errorf("%s by force: %v", alias, err)
		}
	}
	for alias, says := range map[string]string{
		"local": "the local cloud", "": "a name has", "9a": "a name has", "a b": "a name has", "ä": "a name has",
		"${aliyun-cli}": "a name has", strings.Repeat("a", 65): "a name has",
	} {
		c := keys("x")
		c.Alias = alias
		if err := k.Add(c, true); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", alias, err)
		}
	}
	for _, c := range []Credentials{{Alias: "x"}, {Alias: "x", AccessKeyID: "i"}, {Alias: "x", AccessKeySecret: "topsecret"}} {
		if err := k.Add(c, true); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("half a key: %v", err)
		}
	}
}

func TestDeleteAndRename(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	foreignFile(t, home)
	k := kept(t, home)
	for _, alias := range []string{"a", "b"} {
		if err := k.Add(keys(alias), false); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.SetDefault("a"); err != nil {
		t.Fatal(err)
	}
	var missing *NotFoundError
	var foreign *ForeignError
	var exists *ExistsError
	if err := k.Delete("none"); !errors.As(err, &missing) {
		t.Errorf("delete none: %v", err)
	}
	if err := k.Delete("theirs"); !errors.As(err, &foreign) || foreign.Path != filepath.Join(home, "access.yaml") {
		t.Errorf("delete theirs: %v", err)
	}
	if err := k.Rename("theirs", "mine"); !errors.As(err, &foreign) {
		t.Errorf("rename theirs: %v", err)
	}
	for _, to := range []string{"b", "theirs"} {
		if err := k.Rename("a", to); !errors.As(err, &exists) {
			t.Errorf("rename to %s: %v", to, err)
		}
	}
	if err := k.Rename("a", "local"); err == nil {
		t.Error("an alias is called local now")
	}
	if err := k.Rename("a", "c"); err != nil || k.Default() != "c" {
		t.Errorf("rename: %v, default %s", err, k.Default())
	}
	if got, ok := k.Get("c"); !ok || got.AccessKeySecret != "secret-a" || got.Alias != "c" {
		t.Errorf("renamed: %v %t", got, ok)
	}
	if err := k.Delete("c"); err != nil || k.Default() == "c" {
		t.Errorf("delete: %v, default %s", err, k.Default())
	}
	save(t, k)
	if got := kept(t, home).Aliases(); !slices.Equal(got, []string{"b", "theirs"}) {
		t.Errorf("left: %v", got)
	}
}

// TestForeignIsNeverWritten, whatever is done.
func TestForeignIsNeverWritten(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	foreignFile(t, home)
	before, err := os.ReadFile(filepath.Join(home, "access.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	k := kept(t, home)
	for _, err := range []error{k.Add(keys("theirs"), true), k.SetDefault("theirs"), saved(t, k), k.Delete("theirs"), saved(t, k)} {
		if err != nil {
			t.Error(err)
		}
	}
	after, err := os.ReadFile(filepath.Join(home, "access.yaml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("access.yaml changed: %v", err)
	}
	if c, ok := kept(t, home).Get("theirs"); !ok || c.AccessKeyID != plainID {
		t.Error("their credentials no longer show once ours are gone")
	}
}

// TestResolveFindsKept: ours before theirs, by -a, by s.yaml and by default.
func TestResolveFindsKept(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	foreignFile(t, home)
	k := kept(t, home)
	for _, alias := range []string{"mine", "theirs"} {
		if err := k.Add(keys(alias), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.SetDefault("mine"); err != nil {
		t.Fatal(err)
	}
	save(t, k)
	none := func(string) (string, bool) { return "", false }
	for _, tt := range []struct {
		alias string
		flag  bool
		want  string
	}{{"mine", true, "secret-mine"}, {"mine", false, "secret-mine"}, {"", false, "secret-mine"}, {"theirs", true, "secret-theirs"}} {
		c, err := Resolve(t.Context(), Options{Alias: tt.alias, FromFlag: tt.flag, LookupEnv: none, SHome: home})
		if err != nil || c.AccessKeySecret != tt.want {
			t.Errorf("%+v: %v, %v", tt, c, err)
		}
	}
	if got := Aliases(Options{SHome: home, LookupEnv: none}, nil); !slices.Equal(got, []string{"local", "mine", "theirs"}) {
		t.Errorf("aliases %v", got)
	}
}

// TestBrokenKeptFile: an error that names the file and quotes nothing of it.
func TestBrokenKeptFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"topsecret: [", "- topsecret", "access: topsecret", "access: {a: [topsecret]}", "\t topsecret"} {
		home := t.TempDir()
		path := filepath.Join(home, keptName)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKept(home, nil)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: %v", text, err)
		}
		_, err = Resolve(t.Context(), Options{Alias: "a", LookupEnv: func(string) (string, bool) { return "", false }, SHome: home})
		if err == nil || errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%q: resolve: %v", text, err)
		}
	}
}

func TestSaveWhereItCant(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := &Kept{path: filepath.Join(file, keptName)}
	if err := saved(t, k); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
}

// FuzzReadKept: a file from anywhere is read or refused, and what was read is
// the same after it was written.
func FuzzReadKept(f *testing.F) {
	f.Add([]byte("default: a\naccess:\n  a: {AccessKeyID: i, AccessKeySecret: s}\n"))
	f.Add([]byte("access: {}\n"))
	f.Add([]byte("- 1"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		home := t.TempDir()
		if err := os.WriteFile(filepath.Join(home, keptName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := ReadKept(home, nil)
		if err != nil {
			return
		}
		save(t, k)
		again := kept(t, home)
		if !slices.Equal(k.Aliases(), again.Aliases()) || k.Default() != again.Default() {
			t.Errorf("%v %s became %v %s", k.Aliases(), k.Default(), again.Aliases(), again.Default())
		}
		for _, alias := range k.Aliases() {
			before, _ := k.Get(alias)
			after, _ := again.Get(alias)
			if !same(before, after) {
				t.Errorf("%q changed", alias)
			}
		}
	})
}
