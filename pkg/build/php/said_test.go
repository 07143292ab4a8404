package php

import (
	"errors"
	"strings"
	"testing"

	"s/pkg/build"
	"s/pkg/build/projecttest"
)

func TestSaid(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Loading composer repositories\nIn RemoteFilesystem.php line 476:\n  The \"https://a/packages.json\" file could not be downloaded\n  : getaddrinfo failed: Name\n   or service not known\n  Failed to open\ninstall [--dry-run]": `The "https://a/packages.json" file could not be downloaded: getaddrinfo failed: Name or service not known Failed to open`,
		"Your requirements could not be resolved to an installable set of packages.\n  Problem 1\n    - Root composer.json requires acme/log *, it could not be found in any version.\n  Problem 2\n    - other":                         "Root composer.json requires acme/log *, it could not be found in any version.",
		"In Factory.php line 319:": "",
		"  Problem 1":              "",
		"something else":           "",
		"":                         "",
	}
	for out, want := range tests {
		if got := said(strings.Split(out, "\n")); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", out, got, want)
		}
	}
	if got := said(nil); got != "" {
		t.Errorf("of nothing: %s", got)
	}
}

// TestComposerTellsWhy: the error of the build has Composer's reason.
func TestComposerTellsWhy(t *testing.T) {
	b, _ := fake(t, `printf 'In JsonFile.php line 1:\n\n  no valid JSON  \n\n\ninstall [--dev]\n'; exit 1`)
	p := projecttest.New(t, "php7.2", map[string]string{"composer.json": requires})
	var failed *build.BuildError
	if err := p.Fail(b); !errors.As(err, &failed) || failed.Said != "no valid JSON" {
		t.Errorf("%v", err)
	}
}
