package fctest

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// HistoryClient speaks to an endpoint of either version; *fcclient.Client is one.
type HistoryClient interface {
	maker
	GetFunction(ctx context.Context, name, qualifier string) (*fc.Function, error)
	UpdateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	DeleteFunction(ctx context.Context, name string) error
	DeleteService(ctx context.Context, name string) error
	PublishVersion(ctx context.Context, function, description string) (*fc.Version, error)
	ListVersions(ctx context.Context, function string, limit int) ([]fc.Version, error)
	DeleteVersion(ctx context.Context, function, version string) error
	GetAlias(ctx context.Context, function, name string) (*fc.Alias, error)
	ListAliases(ctx context.Context, function string) ([]fc.Alias, error)
	CreateAlias(ctx context.Context, function string, a fc.Alias) (*fc.Alias, error)
	UpdateAlias(ctx context.Context, function string, a fc.Alias) (*fc.Alias, error)
	DeleteAlias(ctx context.Context, function, name string) error
}

// HistoryContract is what every endpoint must do with versions and aliases, in the
// API version that the name belongs to. It makes the function name, which in FC 2.0
// is in a service, and removes it. Whether a version goes that an alias leads to
// isn't part of it: no documentation says.
func HistoryContract(t *testing.T, c HistoryClient, name string) {
	t.Helper()
	made(t, c, name)
	h := &historyContract{HistoryClient: c, t: t, name: name}
	h.lists("at first", "", "")
	h.publishes()
	h.lists("published", "2 1", "")
	h.qualifies("1", "first")
	h.qualifies("2", "second")
	h.qualifies(fc.LatestQualifier, "third")
	h.aliases()
	h.refuses()
	h.removes()
}

type historyContract struct {
	HistoryClient
	t    *testing.T
	name string
}

// coded checks the code of an error.
func (h *historyContract) coded(what string, err error, code string) {
	h.t.Helper()
	if !fc.IsCode(err, code) {
		h.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (h *historyContract) done(what string, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatalf("%s: %v", what, err)
	}
}

// lists looks at all versions and aliases.
func (h *historyContract) lists(what, versions, aliases string) {
	h.t.Helper()
	var ids, names []string
	all, err := h.ListVersions(h.t.Context(), h.name, 0)
	h.done(what, err)
	for _, v := range all {
		ids = append(ids, v.VersionID)
	}
	given, err := h.ListAliases(h.t.Context(), h.name)
	h.done(what, err)
	for _, a := range given {
		names = append(names, a.AliasName)
	}
	if got := strings.Join(ids, " "); got != versions {
		h.t.Errorf("%s: versions %q, want %q", what, got, versions)
	}
	if got := strings.Join(names, " "); got != aliases {
		h.t.Errorf("%s: aliases %q, want %q", what, got, aliases)
	}
}

// describe changes the function.
func (h *historyContract) describe(text string) {
	h.t.Helper()
	f, err := h.GetFunction(h.t.Context(), h.name, "")
	h.done("get", err)
	f.Description = text
	_, err = h.UpdateFunction(h.t.Context(), *f, nil)
	h.done("update", err)
}

// publishes makes two versions; nothing is published twice.
func (h *historyContract) publishes() {
	h.t.Helper()
	ctx := h.t.Context()
	for i, text := range []string{"first", "second"} {
		h.describe(text)
		v, err := h.PublishVersion(ctx, h.name, "version "+text)
		h.done("publish", err)
		if v.VersionID != []string{"1", "2"}[i] || v.Description != "version "+text || v.CreatedTime == "" || v.LastModifiedTime == "" {
			h.t.Errorf("published %+v", v)
		}
		_, err = h.PublishVersion(ctx, h.name, "the same again")
		h.coded("unchanged", err, fc.CodeVersionPublishError)
	}
	h.describe("third")
	newest, err := h.ListVersions(ctx, h.name, 1)
	if err != nil || len(newest) != 1 || newest[0].VersionID != "2" || newest[0].Description != "version second" {
		h.t.Errorf("the newest: %+v, %v", newest, err)
	}
}

// qualifies: a function at a qualifier is what it was when that was published.
func (h *historyContract) qualifies(qualifier, description string) {
	h.t.Helper()
	f, err := h.GetFunction(h.t.Context(), h.name, qualifier)
	if err != nil || f.Description != description || f.FunctionName != h.name {
		h.t.Errorf("at %s: %+v, %v, want %s", qualifier, f, err, description)
	}
}

// aliases: they lead to a version, and can be turned.
func (h *historyContract) aliases() {
	h.t.Helper()
	ctx := h.t.Context()
	check := func(what string, got *fc.Alias, err error, want fc.Alias) {
		h.t.Helper()
		h.done(what, err)
		own := fc.Alias{AliasName: got.AliasName, VersionID: got.VersionID, Description: got.Description, AdditionalVersionWeight: got.AdditionalVersionWeight}
		if len(own.AdditionalVersionWeight) == 0 {
			own.AdditionalVersionWeight = nil
		}
		if d := cmp.Diff(want, own); d != "" || got.CreatedTime == "" || got.LastModifiedTime == "" {
			h.t.Errorf("%s: %s %+v", what, d, got)
		}
	}
	prod := fc.Alias{AliasName: "prod", VersionID: "1", Description: "the one", AdditionalVersionWeight: map[string]float64{"2": 0.25}}
	a, err := h.CreateAlias(ctx, h.name, prod)
	check("create", a, err, prod)
	a, err = h.GetAlias(ctx, h.name, "prod")
	check("get", a, err, prod)
	dev := fc.Alias{AliasName: "dev", VersionID: "2"}
	a, err = h.CreateAlias(ctx, h.name, dev)
	check("create", a, err, dev)
	h.lists("aliased", "2 1", "dev prod")
	h.qualifies("prod", "first")
	prod.VersionID, prod.Description, prod.AdditionalVersionWeight = "2", "turned", nil
	a, err = h.UpdateAlias(ctx, h.name, prod)
	check("update", a, err, prod)
	a, err = h.GetAlias(ctx, h.name, "prod")
	check("get", a, err, prod)
	h.qualifies("prod", "second")
	h.qualifies("dev", "second")
}

// refuses: what isn't there, and what can't be.
func (h *historyContract) refuses() {
	h.t.Helper()
	ctx := h.t.Context()
	for _, tt := range []struct {
		what  string
		alias fc.Alias
		code  string
	}{
		{"an alias for the second time", fc.Alias{AliasName: "prod", VersionID: "1"}, fc.CodeAliasAlreadyExists},
		{"of no version", fc.Alias{AliasName: "new", VersionID: "9"}, fc.CodeVersionNotFound},
		{"with weight for no version", fc.Alias{AliasName: "new", VersionID: "1", AdditionalVersionWeight: map[string]float64{"9": 0.5}}, fc.CodeVersionNotFound},
		{
			"with weight for its own",
			fc.Alias{AliasName: "new", VersionID: "1", AdditionalVersionWeight: map[string]float64{"1": 0.5}},
			fc.CodeAdditionalHasMajor,
		},
		{
			"with too much weight",
			fc.Alias{AliasName: "new", VersionID: "1", AdditionalVersionWeight: map[string]float64{"2": 1.5}},
			fc.CodeInvalidArgument,
		},
		{"without a name", fc.Alias{VersionID: "1"}, fc.CodeInvalidArgument},
		{"with a reserved name", fc.Alias{AliasName: fc.LatestQualifier, VersionID: "1"}, fc.CodeInvalidArgument},
		{"without a version", fc.Alias{AliasName: "new"}, fc.CodeInvalidArgument},
	} {
		_, err := h.CreateAlias(ctx, h.name, tt.alias)
		h.coded(tt.what, err, tt.code)
	}
	_, err := h.UpdateAlias(ctx, h.name, fc.Alias{AliasName: "none", VersionID: "1"})
	h.coded("update of none", err, fc.CodeAliasNotFound)
	_, err = h.UpdateAlias(ctx, h.name, fc.Alias{AliasName: "prod", VersionID: "9"})
	h.coded("update to no version", err, fc.CodeVersionNotFound)
	_, err = h.GetAlias(ctx, h.name, "none")
	h.coded("get of none", err, fc.CodeAliasNotFound)
	_, err = h.GetFunction(ctx, h.name, "none")
	h.coded("function at no alias", err, fc.CodeAliasNotFound)
	_, err = h.GetFunction(ctx, h.name, "9")
	h.coded("function at no version", err, fc.CodeVersionNotFound)
	h.lists("refused", "2 1", "dev prod")
}

// removes everything; numbers of versions are never used twice.
func (h *historyContract) removes() {
	h.t.Helper()
	ctx := h.t.Context()
	service, _ := fc.SplitName(h.name)
	gone, notEmpty, remove := fc.CodeFunctionNotFound, fc.CodeFunctionNotEmpty, func() error { return h.DeleteFunction(ctx, h.name) }
	if service != "" {
		h.done("delete the function, whose service has the versions", h.DeleteFunction(ctx, h.name))
		h.qualifies("1", "first")
		gone, notEmpty, remove = fc.CodeServiceNotFound, fc.CodeServiceNotEmpty, func() error { return h.DeleteService(ctx, service) }
	}
	h.coded("delete with versions and aliases", remove(), notEmpty)
	for _, alias := range []string{"prod", "dev"} {
		h.done("delete alias "+alias, h.DeleteAlias(ctx, h.name, alias))
		h.coded("delete alias again", h.DeleteAlias(ctx, h.name, alias), fc.CodeAliasNotFound)
	}
	h.coded("delete with versions", remove(), notEmpty)
	h.done("delete version 2", h.DeleteVersion(ctx, h.name, "2"))
	h.coded("delete version 2 again", h.DeleteVersion(ctx, h.name, "2"), fc.CodeVersionNotFound)
	h.lists("one is left", "1", "")
	v, err := h.PublishVersion(ctx, h.name, "")
	h.done("publish again", err)
	if v.VersionID != "3" {
		h.t.Errorf("version %s after 2 was deleted", v.VersionID)
	}
	for _, id := range []string{"3", "1"} {
		h.done("delete version "+id, h.DeleteVersion(ctx, h.name, id))
	}
	h.done("delete what has none", remove())
	_, err = h.ListVersions(ctx, h.name, 0)
	h.coded("versions of what is gone", err, gone)
	_, err = h.ListAliases(ctx, h.name)
	h.coded("aliases of what is gone", err, gone)
	_, err = h.PublishVersion(ctx, h.name, "")
	h.coded("publish of what is gone", err, gone)
}
