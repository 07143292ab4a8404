package configcmd

import (
	"errors"
	"strings"
	"testing"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/vault/vaulttest"
)

var someKey = []string{"add", "-a", "prod", "--AccessKeyID", "LTAI5tabcdefgh", "--AccessKeySecret", "-"}

// TestAddChecks: STS tells the account, refuses, or doesn't answer.
func TestAddChecks(t *testing.T) {
	t.Parallel()
	refusal := &access.STSError{Action: "GetCallerIdentity", Code: "InvalidAccessKeyId.NotFound", Message: "no such key", RequestID: "R"}
	for _, tt := range []struct {
		name, account string
		refusal       error
		more          []string
		says          string // stderr, or the error
		kept          string // the account; "-" if nothing is kept
	}{
		{name: "right", account: "42", says: "account 42", kept: "42"},
		{name: "refused", refusal: refusal, says: "no such key", kept: "-"},
		{name: "refused, but wanted", refusal: refusal, more: []string{"--no-check"}, says: "kept: prod", kept: ""},
		{name: "no answer", says: "the key isn't checked", kept: ""},
		{name: "of another account", account: "42", more: []string{"--AccountID", "7"}, says: "of account 42, not of 7", kept: "-"},
		{name: "of that account", account: "42", more: []string{"--AccountID", "42"}, says: "kept", kept: "42"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.account, w.refusal, w.in = tt.account, tt.refusal, "topsecret"
			err := w.do(append(append([]string{}, someKey...), tt.more...)...)
			shown := w.errOut.String()
			if err != nil {
				shown += err.Error()
			}
			if (err != nil) != (tt.kept == "-") || !strings.Contains(shown, tt.says) {
				t.Errorf("%s", shown)
			}
			kept, err := access.ReadKept(w.home, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c, ok := kept.Get("prod"); ok == (tt.kept == "-") || ok && c.AccountID != tt.kept {
				t.Errorf("kept %v, %t", c, ok)
			}
		})
	}
}

// TestSecretOnTheCommandLine is taken, and where it is now is said.
func TestSecretOnTheCommandLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("add", "--AccessKeyID", "i", "--AccessKeySecret", "topsecret")
	if !strings.Contains(w.errOut.String(), "the history of your shell") {
		t.Errorf("%q", w.errOut)
	}
}

// TestKeyring: the secret is in the keyring, and shows masked.
func TestKeyring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ring = &vaulttest.Keyring{}
	w.addProd()
	if got := w.must("list", "-o", "raw"); !strings.Contains(got, `"kept":"keyring"`) || strings.Contains(got, "accessKeySecret") {
		t.Errorf("%s", got)
	}
	if got := w.must("get", "-a", "prod", "-o", "raw"); !strings.Contains(got, `"accessKeySecret":"top***ret"`) {
		t.Errorf("%s", got)
	}
	w.must("delete", "-a", "prod")
	if got := w.ring.Texts(); len(got) > 0 {
		t.Errorf("%d items left", len(got))
	}
}

// TestSealed: a keyring that doesn't give what it has is told with what helps.
func TestSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ring = &vaulttest.Keyring{}
	w.addProd()
	w.ring.Err = errors.New("locked")
	err := w.do("get", "-a", "prod")
	var known *cmdutil.Error
	var sealed *access.SealedError
	if !errors.As(err, &known) || known.Code != cmdutil.ExitCredentials || !strings.Contains(known.Hint, "s config add -a prod --force") ||
		!errors.As(err, &sealed) || sealed.Alias != "prod" || sealed.Line == 0 || !errors.Is(err, w.ring.Err) {
		t.Errorf("%+v", err)
	}
}

// TestProcess: a program in place of a key.
func TestProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("add", "-a", "p", "--process", "vault-helper 'a b'", "--AccountID", "42")
	if got := w.must("list", "-o", "raw"); !strings.Contains(got, `"kept":"process","accountId":"42"}`) {
		t.Errorf("%s", got)
	}
	w.fails(cmdutil.ExitUsage, "in place of a key", "add", "-a", "q", "--process", "x", "--AccessKeyID", "i")
	if err := w.do("add", "-a", "q", "--process", "'x"); err == nil || !strings.Contains(err.Error(), "quote") {
		t.Errorf("%v", err)
	}
}
