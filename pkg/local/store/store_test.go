package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func reopen(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, s.Dir())
}

func function(name string) *Function {
	return &Function{Region: "r", Function: fc.Function{
		FunctionName: name, Runtime: "python3.10", Handler: "index.handler",
		EnvironmentVariables: map[string]string{"A": "b"}, Timeout: 3,
	}}
}

func service(name string) *Service {
	return &Service{Region: "r", Service: fc.Service{ServiceName: name}}
}

func trigger(function, name, qualifier, host string) *Trigger {
	return &Trigger{
		Region: "r", Function: function, Host: host, HTTP: &fc.HTTPTriggerConfig{AuthType: "anonymous"},
		Trigger: fc.Trigger{TriggerName: name, TriggerType: "http", Qualifier: qualifier},
	}
}

func accept[T any](T) error { return nil }

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wantError[E error](t *testing.T, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want a %T", err, e)
	}
	return e
}

func TestEverythingSurvivesReopening(t *testing.T) {
	s := open(t, t.TempDir())
	f := function("svc$f")
	f.InstanceType = "e1"
	must(t, s.CreateService(service("svc")), s.CreateFunction(f), s.CreateFunction(function("g")),
		s.CreateTrigger(trigger("g", "http", "LATEST", "g-abc"), accept))
	before := []any{s.Services("r"), s.Functions("r"), s.Triggers("r", "g")}
	s = reopen(t, s)
	after := []any{s.Services("r"), s.Functions("r"), s.Triggers("r", "g")}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if got, err := s.TriggerByHost("r", "g-abc"); err != nil || got.Function != "g" {
		t.Errorf("by host: %v, %v", got, err)
	}
}

func TestServices(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateService(service("svc")), s.CreateFunction(function("svc$f")), s.CreateFunction(function("svcother")))
	wantError[*ExistsError](t, s.CreateService(service("svc")))
	wantError[*NotEmptyError](t, s.DeleteService("r", "svc", accept))
	wantError[*NotFoundError](t, s.DeleteService("other-region", "svc", accept))
	_, err := s.UpdateService("r", "svc",
		func(svc *Service) error { svc.Service.Role = "role"; return nil },
		func(svc *Service, f *Function) { f.Function.Role = svc.Service.Role })
	must(t, err)
	s = reopen(t, s)
	for name, role := range map[string]string{"svc$f": "role", "svcother": ""} {
		if f, err := s.Function("r", name); err != nil || f.Function.Role != role {
			t.Errorf("%s: %+v, %v; want role %q", name, f, err, role)
		}
	}
	refused := errors.New("no")
	if err := s.DeleteService("r", "svc", func(*Service) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("check is not asked: %v", err)
	}
	must(t, s.DeleteFunction("r", "svc$f", accept), s.DeleteService("r", "svc", accept))
	if n := len(reopen(t, s).Services("r")); n != 0 {
		t.Errorf("%d services left", n)
	}
}

func TestFunctions(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("b")), s.CreateFunction(function("a")))
	wantError[*ExistsError](t, s.CreateFunction(function("a")))
	missing := wantError[*NotFoundError](t, s.CreateFunction(function("none$f")))
	if missing.Kind != KindService || missing.Name != "none" {
		t.Errorf("missing = %+v", missing)
	}
	before, err := s.Function("r", "a")
	must(t, err)
	f, err := s.UpdateFunction("r", "a", func(f *Function) error {
		f.Function.EnvironmentVariables["A"] = "changed"
		return nil
	})
	must(t, err)
	if before.Function.EnvironmentVariables["A"] != "b" || f.Revision != before.Revision+1 {
		t.Error("an update changes what readers hold")
	}
	refused := errors.New("no")
	if _, err := s.UpdateFunction("r", "a", func(f *Function) error { f.Function.Handler = "x"; return refused }); !errors.Is(err, refused) {
		t.Errorf("err = %v", err)
	}
	if f, _ := s.Function("r", "a"); f.Function.Handler != "index.handler" {
		t.Error("a refused update is kept")
	}
	var names []string
	for _, f := range s.Functions("r") {
		names = append(names, f.Function.FunctionName)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Error(diff)
	}
	_, err = s.Function("elsewhere", "a")
	wantError[*NotFoundError](t, err)
	_, err = s.UpdateFunction("r", "none", accept)
	wantError[*NotFoundError](t, err)
	wantError[*NotFoundError](t, s.DeleteFunction("r", "none", accept))
}

func TestTriggers(t *testing.T) {
	s := open(t, t.TempDir())
	must(t, s.CreateFunction(function("f")), s.CreateTrigger(trigger("f", "t", "LATEST", "f-1"), accept))
	wantError[*ExistsError](t, s.CreateTrigger(trigger("f", "t", "LATEST", ""), accept))
	if e := wantError[*NotFoundError](t, s.CreateTrigger(trigger("none", "t", "", ""), accept)); e.Kind != KindFunction {
		t.Errorf("missing is a %s", e.Kind)
	}
	refused := errors.New("one is enough")
	err := s.CreateTrigger(trigger("f", "u", "LATEST", ""), func(others []*Trigger) error {
		if len(others) != 1 {
			t.Errorf("%d others", len(others))
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("err = %v", err)
	}
	wantError[*NotEmptyError](t, s.DeleteFunction("r", "f", accept))
	_, err = s.UpdateTrigger("r", "f", "t", func(t *Trigger) error { t.Trigger.Description = "new"; return nil })
	must(t, err)
	s = reopen(t, s)
	got, err := s.HTTPTrigger("r", "f", "LATEST")
	if err != nil || got.Trigger.Description != "new" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = s.HTTPTrigger("r", "f", "1")
	wantError[*NotFoundError](t, err)
	must(t, s.DeleteTrigger("r", "f", "t", accept))
	_, err = s.TriggerByHost("r", "f-1")
	wantError[*NotFoundError](t, err)
	_, err = s.Trigger("r", "f", "t")
	wantError[*NotFoundError](t, err)
	must(t, s.DeleteFunction("r", "f", accept))
	_, err = s.Trigger("r", "f", "t")
	if e := wantError[*NotFoundError](t, err); e.Kind != KindFunction {
		t.Errorf("missing is a %s", e.Kind)
	}
}

func TestConcurrentUseOfTheStore(t *testing.T) {
	s := open(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				name := fmt.Sprintf("f%d_%d", i, j)
				if err := s.CreateFunction(function(name)); err != nil {
					t.Error(err)
				}
				if _, err := s.UpdateFunction("r", name, func(f *Function) error { f.Function.Timeout = j; return nil }); err != nil {
					t.Error(err)
				}
				s.Functions("r")
			}
		})
	}
	wg.Wait()
	if n := len(reopen(t, s).Functions("r")); n != 40 {
		t.Errorf("%d functions, want 40", n)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := Open(t.Context(), s.Dir())
	if e := wantError[*LockedError](t, err); e.Path != filepath.Join(s.Dir(), LockName) {
		t.Errorf("path %s", e.Path)
	}
	must(t, s.Close())
	open(t, s.Dir())
}

func TestNewerDatabase(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := s.db.Exec("PRAGMA user_version = 99")
	must(t, err, s.Close())
	_, err = Open(t.Context(), s.Dir())
	if e := wantError[*NewerError](t, err); e.Version != 99 {
		t.Errorf("%+v", e)
	}
}

func TestPrivateToItsUser(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "new", "data"))
	for path, mode := range map[string]os.FileMode{s.Dir(): 0o700, filepath.Join(s.Dir(), databaseName): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}
