package cmdutil

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/spec"
)

func TestCloudError(t *testing.T) {
	t.Parallel()
	remote := &Target{Credentials: access.Credentials{Alias: "prod"}}
	tests := []struct {
		err    error
		target *Target
		code   int
		hint   string
	}{
		{&fc.APIError{Code: fc.CodeAccessDenied}, remote, ExitCloud, "access prod may not do that"},
		{fmt.Errorf("read: %w", &fc.APIError{Code: fc.CodeSignatureNotMatch}), remote, ExitCloud, "key pair of access prod"},
		{&fc.APIError{Code: fc.CodeInvalidAccessKeyID}, nil, ExitCloud, "these credentials"},
		{&fc.APIError{Code: fc.CodeResourceThrottled}, remote, ExitCloud, "later"},
		{&fc.APIError{Code: fc.CodeFunctionNotFound}, remote, ExitCloud, "s deploy"},
		{&fc.APIError{Code: "Other"}, remote, ExitCloud, ""},
		{&fc.APIError{Code: "Throttling", Status: 429}, remote, ExitCloud, "try again later"},
		{&fc.APIError{Code: "InternalServerError", Status: 500, RequestID: "r"}, remote, ExitCloud, "ask with the request id"},
		{&fcclient.UnreachableError{Host: "h", Err: errors.New("refused")}, remote, ExitFailed, "network"},
		{&fcclient.UnreachableError{Host: "h", Err: &net.DNSError{IsNotFound: true}}, remote, ExitFailed, "no host of that name: is the region right"},
		{&fcclient.UnreachableError{Host: "h", Err: &net.DNSError{IsTemporary: true}}, remote, ExitFailed, "the network is up"},
		{&fc.APIError{Code: fc.CodeTokenExpired, Status: 403}, remote, ExitCloud, "temporary keys of access prod have expired"},
		{&fc.APIError{Code: fc.CodeTokenMalformed, Status: 403}, remote, ExitCloud, "security token of access prod is wrong"},
		{&fc.APIError{Code: "Other", Status: 404, Date: time.Now().Add(-time.Hour)}, remote, ExitCloud, ""},
		{&fc.APIError{Code: fc.CodeAccessDenied, Status: 403, Date: time.Now()}, remote, ExitCloud, "may not do that"},
		{&fcclient.UnreachableError{Host: "h", Err: errors.New("refused")}, &Target{Local: true}, ExitFailed, "s local status"},
		{&fcclient.UnreachableError{Host: "h", Proxy: "p", Err: errors.New("refused")}, remote, ExitFailed, "check HTTPS_PROXY"},
		{&fcclient.UnreachableError{Host: "h", Proxy: "p", Err: x509.UnknownAuthorityError{}}, remote, ExitFailed, "set SSL_CERT_FILE"},
		{fmt.Errorf("read: %w", &fcclient.ForeignError{Host: "h", Status: 404}), remote, ExitFailed, "the login page of a network answers"},
		{&fcclient.ForeignError{Host: "h", Status: 502}, remote, ExitFailed, "gateway on the way is in trouble"},
		{&fcclient.ForeignError{Host: "h", Proxy: "p", Status: 502}, remote, ExitFailed, "the proxy, or something behind it, answers"},
		{&fc.APIError{Code: fc.CodeTokenExpired, Status: 403}, &Target{Credentials: access.Credentials{Alias: access.EnvironmentAlias}}, ExitCloud, "keys of the environment's variables"},
	}
	for _, tt := range tests {
		err := CloudError(tt.err, tt.target)
		var known *Error
		if !errors.As(err, &known) || known.Code != tt.code || !strings.Contains(known.Hint, tt.hint) || (tt.hint == "") != (known.Hint == "") {
			t.Errorf("%v: %#v", tt.err, known)
		}
		if !errors.Is(err, tt.err) {
			t.Errorf("%v: the cause is lost", tt.err)
		}
	}
	plain := errors.New("plain")
	already := WithHint(ExitSpec, &fc.APIError{}, "x")
	for _, err := range []error{nil, plain, already, context.Canceled} {
		if got := CloudError(err, remote); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// TestUnsureHint: of what may have been done, that is said first.
func TestUnsureHint(t *testing.T) {
	t.Parallel()
	lost := &fcclient.UnreachableError{Host: "h", Err: errors.New("lost")}
	for _, tt := range []struct {
		err  error
		hint string
		code int
	}{
		{lost, "look there\ncheck that the network", ExitFailed},
		{&fc.APIError{Status: 500, Code: "InternalServerError"}, "look there", ExitCloud},
		{WithHint(ExitFunction, lost, "known"), "known", ExitFunction},
	} {
		err := UnsureHint(tt.err, nil, "look there")
		var known *Error
		if !errors.As(err, &known) || known.Code != tt.code || !strings.HasPrefix(known.Hint, tt.hint) || strings.HasSuffix(known.Hint, "\n") {
			t.Errorf("%v: %#v", tt.err, known)
		}
	}
	for _, err := range []error{nil, errors.New("plain"), &fc.APIError{Status: 429}} {
		if got := UnsureHint(err, nil, "x"); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestClockOff(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for off, want := range map[time.Duration]string{
		0: "", 5 * time.Minute: "", -5 * time.Minute: "",
		90 * time.Minute:  "is 1h30m0s ahead of the service's, and at most 15 minutes are allowed",
		-20 * time.Minute: "is 20m0s behind the service's",
	} {
		got := clockOff(&fc.APIError{Status: 403, Code: fc.CodeSignatureNotMatch, Date: now.Add(-off)}, now)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", off, got)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inside, outside := filepath.Join(dir, "a", "b"), filepath.Join(filepath.Dir(dir), "x")
	if got := Shorten(dir, inside); got != filepath.Join("a", "b") {
		t.Errorf("inside: %s", got)
	}
	if got := Shorten(dir, outside); got != outside {
		t.Errorf("outside: %s", got)
	}
}

func TestTellCode(t *testing.T) {
	t.Parallel()
	p, r := &spec.Project{Dir: "/p"}, &spec.Resource{Name: "hello"}
	tests := []struct {
		prepared deploy.Prepared
		want     string
	}{
		{deploy.Prepared{}, ""},
		{deploy.Prepared{Desired: deploy.Desired{Code: &deploy.Archive{Path: "z", Reused: true}}, Artifact: "/p/.s/a"}, ""},
		{deploy.Prepared{Desired: deploy.Desired{Code: &deploy.Archive{Path: "z"}}, Artifact: "/p/.s/a"}, "hello: using the built code in .s/a\n"},
		{deploy.Prepared{Desired: deploy.Desired{Code: &deploy.Archive{Path: "z", LeftOut: []string{".git", ".env"}}}}, "hello: left out of the code: .git, .env\n"},
		{
			deploy.Prepared{Desired: deploy.Desired{Code: &deploy.Archive{Path: "z", LeftOut: []string{"1", "2", "3", "4", "5", "6"}}}},
			"hello: left out of the code: 1, 2, 3, 4, 5, …\n",
		},
	}
	for i, tt := range tests {
		io, _, out, errOut := iostreams.Test()
		TellCode(io, p, r, &tt.prepared)
		if errOut.String() != tt.want || out.Len() != 0 {
			t.Errorf("%d: %q", i, errOut)
		}
	}
}

func TestLocalClient(t *testing.T) {
	t.Parallel()
	f := &Factory{Version: "1", Local: func(context.Context) (*local.Info, error) {
		return &local.Info{Endpoint: "http://127.0.0.1:1", AccountID: "a", AccessKeyID: "k", AccessKeySecret: "s"}, nil
	}}
	client, err := LocalClient(context.Background(), f, "region", true)
	if err != nil {
		t.Fatal(err)
	}
	got := client.Config()
	if got.Region != "region" || !got.V2 || got.Endpoint != "http://127.0.0.1:1" || got.Credentials.AccessKeySecret != "s" || got.Credentials.Alias != access.LocalAlias {
		t.Errorf("%+v", got)
	}
	broken := errors.New("broken")
	f.Local = func(context.Context) (*local.Info, error) { return nil, broken }
	if _, err := LocalClient(context.Background(), f, "r", false); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
}

func TestTellTooLarge(t *testing.T) {
	t.Parallel()
	io, _, _, errOut := iostreams.Test()
	r := &spec.Resource{Name: "hello"}
	report := &bundle.Report{
		Total: bundle.Item{Files: 2, Size: 90 << 20, Packed: 80 << 20}, Files: []bundle.Item{{Path: "film.mp4", Files: 1, Size: 80 << 20, Packed: 80 << 20}},
	}
	TellTooLarge(io, r, fmt.Errorf("pack hello: %w", &bundle.TooLargeError{Limit: 1, Report: report}))
	want := "hello: what is large:\n       90 MB        80 MB  all: 2 files, before and after packing\nlargest files:\n       80 MB        80 MB  film.mp4\n"
	if errOut.String() != want {
		t.Errorf("got\n%swant\n%s", errOut, want)
	}
	errOut.Reset()
	for _, err := range []error{errors.New("other"), &bundle.TooLargeError{Limit: 1}} {
		if TellTooLarge(io, r, err); errOut.Len() > 0 {
			t.Errorf("%v: %s", err, errOut)
		}
	}
}
