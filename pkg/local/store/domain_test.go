package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

func domain(region, name string) *Domain {
	return &Domain{Region: region, Domain: fc.CustomDomain{
		DomainName: name, Protocol: "HTTP", APIVersion: fc.APIVersion3, CreatedTime: "then",
		RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{Path: "/*", FunctionName: "svc$f"}}},
		CertConfig:  &fc.CertConfig{CertName: "c", Certificate: "public", PrivateKey: "private"},
	}}
}

func TestDomains(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	must(t, s.CreateDomain(domain("r", "b.example.com")), s.CreateDomain(domain("r", "A.example.com")), s.CreateDomain(domain("q", "*.example.com")))
	for _, name := range []string{"b.example.com", "B.EXAMPLE.com", "a.example.com", "*.Example.com"} {
		if e := wantError[*ExistsError](t, s.CreateDomain(domain("r", name))); e.Kind != KindDomain {
			t.Error(e)
		}
	}
	_, err := s.UpdateDomain("r", "a.EXAMPLE.com", func(d *Domain) error { d.Domain.Protocol = "HTTPS"; return nil })
	must(t, err)
	refused := errors.New("no")
	if _, err := s.UpdateDomain("r", "b.example.com", func(d *Domain) error { d.Domain.Protocol = "lost"; return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	before := s.Domains("r")
	s = reopen(t, s)
	if d := cmp.Diff(before, s.Domains("r")); d != "" {
		t.Error(d)
	}
	if before[0].Domain.Protocol != "HTTPS" || before[1].Domain.Protocol != "HTTP" || before[1].Domain.CertConfig.PrivateKey != "private" {
		t.Errorf("%+v", before)
	}
	for _, name := range []string{"none.example.com", "*.example.com"} { // which is of another region
		_, err := s.UpdateDomain("r", name, accept)
		_, missing := s.Domain("r", name)
		for _, err := range []error{err, missing, s.DeleteDomain("r", name)} {
			wantError[*NotFoundError](t, err)
		}
	}
	must(t, s.DeleteDomain("r", "B.example.com"))
	if list := reopen(t, s).Domains("r"); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

func TestDomainByHost(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	must(t, s.CreateDomain(domain("r", "*.example.com")), s.CreateDomain(domain("q", "One.example.com")))
	for host, want := range map[string]string{
		"one.example.com": "One.example.com", "ONE.Example.com": "One.example.com", "two.example.com": "*.example.com",
		"example.com": "", "a.b.example.com": "", "com": "", "": "", "evil.org": "", "*.example.com": "*.example.com",
	} {
		d, ok := s.DomainByHost(host)
		if ok != (want != "") || ok && d.Domain.DomainName != want {
			t.Errorf("%s: %+v %v, want %s", host, d, ok, want)
		}
	}
}
