package deploy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

const someDigest, otherDigest = "sha256:1111111111111111", "sha256:2222222222222222"

func wantContainer(image *deploy.Image, before string) deploy.Desired {
	d := deploy.Want(&spec.Resource{
		Name: "web", Region: "cn-hangzhou",
		Function: fc.Function{
			FunctionName: "web", Runtime: "custom-container", Handler: "h", MemorySize: 512,
			CustomContainerConfig: &fc.CustomContainerConfig{Image: "registry.test/me/app:1"},
		},
	}, nil, nil, nil)
	d.Image, d.Before.Image = image, before
	return d
}

// When an image is a change: the name is the same in all of them.
func TestPlanOfImages(t *testing.T) {
	t.Parallel()
	here := func(digest string, pushed bool) *deploy.Image {
		return &deploy.Image{From: "docker", Digest: digest, Pushed: pushed}
	}
	for name, tt := range map[string]struct {
		image    *deploy.Image
		before   string
		deployed bool
		resolved string
		want     string // the line of the plan
	}{
		"not here":                  {nil, someDigest, true, "", ""},
		"new and not pushed":        {here("", false), "", false, "", "image: pushed from docker"},
		"new and pushed":            {here(someDigest, true), "", false, "", ""},
		"not pushed":                {here("", false), "", true, "", "image: pushed from docker"},
		"other than deployed":       {here("", false), someDigest, true, "", "image: changed, pushed from docker instead of sha256:111111111111"},
		"the same":                  {here(someDigest, true), someDigest, true, "", ""},
		"pushed by somebody":        {here(otherDigest, true), someDigest, true, "", "image: changed, sha256:222222222222 instead of sha256:111111111111"},
		"nobody knows":              {here(someDigest, true), "", true, "", ""},
		"the service knows":         {here(otherDigest, true), "", true, "registry.test/me/app@" + someDigest, "image: changed, sha256:222222222222 instead of sha256:111111111111"},
		"the service knows as much": {here(someDigest, true), "", true, "registry.test/me/app@" + someDigest, ""},
	} {
		desired := wantContainer(tt.image, tt.before)
		actual := deploy.Actual{}
		if tt.deployed {
			f := wantContainer(nil, "").Function
			k := *f.CustomContainerConfig
			k.ResolvedImageURI = tt.resolved
			f.CustomContainerConfig = &k
			actual.Function = &f
		}
		io, _, _, _ := iostreams.Test()
		plan := deploy.Plan(desired, actual)
		text := deploy.Render([]*deploy.Changes{plan}, io)
		line := ""
		for l := range strings.Lines(text) {
			if strings.Contains(l, "      image: ") {
				line = strings.TrimSpace(l)
			}
		}
		if line != tt.want || plan.Empty() != (tt.deployed && tt.want == "") {
			t.Errorf("%s: %q\n%s", name, line, text)
		}
	}
}

// An image is pushed before the function has it; without it nothing is written.
func TestApplyPushesFirst(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	pushes, refused := 0, error(nil)
	image := &deploy.Image{From: "podman", Push: func(context.Context) (string, error) {
		if pushes++; len(server.Writes()) > 0 {
			t.Error("something was written before the push")
		}
		return someDigest, refused
	}}
	refused = errors.New("denied")
	desired := wantContainer(image, "")
	report, err := deploy.Apply(t.Context(), remote, deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{})
	if !errors.Is(err, refused) || len(server.Writes()) > 0 || deploy.NewFootprint(desired, report.State).Image != "" {
		t.Errorf("a refused push: %v, %v", err, server.Writes())
	}
	refused = nil
	report = apply(t, remote, desired)
	print := deploy.NewFootprint(desired, report.State)
	if pushes != 2 || print.Image != someDigest {
		t.Errorf("%d pushes, %+v", pushes, print)
	}

	server.Reset()
	desired = wantContainer(&deploy.Image{From: "podman", Digest: someDigest, Pushed: true, Push: image.Push}, print.Image)
	report = apply(t, remote, desired)
	if pushes != 2 || len(server.Writes()) != 0 || deploy.NewFootprint(desired, report.State).Image != someDigest {
		t.Errorf("the same again: %d pushes, %v", pushes, server.Writes())
	}
	// The configuration alone: the image isn't what it is about.
	desired = wantContainer(image, someDigest)
	desired.Function.Timeout = 77
	actual, err := deploy.Read(t.Context(), remote, desired)
	if err != nil {
		t.Fatal(err)
	}
	plan := deploy.Plan(desired, actual)
	if err := plan.Limit(deploy.Scope{Function: deploy.FunctionConfig}); err != nil {
		t.Fatal(err)
	}
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil || pushes != 2 || len(server.Writes()) != 1 {
		t.Errorf("config alone: %v, %d pushes, %v", err, pushes, server.Writes())
	}
}

// The password of a registry is compared, unless the service hides it, and shown
// nowhere.
func TestPasswordOfARegistry(t *testing.T) {
	t.Parallel()
	with := func(password string) deploy.Desired {
		d := wantContainer(nil, "")
		k := *d.Function.CustomContainerConfig
		k.RegistryConfig = &fc.RegistryConfig{AuthConfig: &fc.RegistryAuthConfig{UserName: "me", Password: password}}
		d.Function.CustomContainerConfig = &k
		return d
	}
	for deployed, changes := range map[string]bool{"hush-1": false, "hush-2": true, "***": false, "": true} {
		f := with(deployed).Function
		plan := deploy.Plan(with("hush-1"), deploy.Actual{Function: &f})
		io, _, _, _ := iostreams.Test()
		if text := deploy.Render([]*deploy.Changes{plan}, io); plan.Empty() == changes || strings.Contains(text, "hush") {
			t.Errorf("%q is deployed: %s", deployed, text)
		}
		shown := deploy.MaskFunction(f)
		if a := shown.CustomContainerConfig.RegistryConfig.AuthConfig; a.Password != deploy.Masked || a.UserName != "me" || f.CustomContainerConfig.RegistryConfig.AuthConfig.Password != deployed {
			t.Errorf("%+v", a)
		}
	}
}
