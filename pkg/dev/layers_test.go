package dev

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/spec"
)

func TestLayers(t *testing.T) {
	t.Parallel()
	p := &spec.Project{Dir: t.TempDir()}
	for _, path := range []string{".s/build/layers/hello-layer/python", ".s/build/layers/twice", ".s/layers/twice"} {
		if err := os.MkdirAll(filepath.Join(p.Dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(p.Dir, ".s/layers/packed.zip"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	arn := func(name string) string { return "acs:fc:cn-hangzhou:123:layers/" + name + "/versions/1" }
	for _, tt := range []struct {
		layers, want []string // below the project
		err          string
	}{
		{nil, nil, ""},
		{[]string{arn("hello-layer"), arn("packed"), arn("twice")}, []string{".s/build/layers/hello-layer", ".s/layers/packed.zip", ".s/layers/twice"}, ""},
		{[]string{arn("twice"), "acs:fc:cn-hangzhou:official:layers/Java17/versions/2"}, nil, ".s/layers/Java17 or .s/layers/Java17.zip"},
		{[]string{arn("..")}, nil, "isn't on this machine"},
		{[]string{"nonsense"}, nil, "layer nonsense isn't on this machine"},
	} {
		var layers []fc.Layer
		for _, l := range tt.layers {
			layers = append(layers, fc.Layer{ARN: l})
		}
		got, err := layersOf(p, layers)
		for i := range got {
			rel, err := filepath.Rel(p.Dir, got[i])
			if err != nil {
				t.Fatal(err)
			}
			got[i] = filepath.ToSlash(rel)
		}
		var missing *LayerError
		if !slices.Equal(got, tt.want) || (err != nil) != (tt.err != "") || err != nil && (!strings.Contains(err.Error(), tt.err) || !errors.As(err, &missing)) {
			t.Errorf("%v: %v %v", tt.layers, got, err)
		}
	}
}
