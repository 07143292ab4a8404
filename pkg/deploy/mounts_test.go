package deploy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// The token of a mount is in no plan, however it is compared.
func TestTokensOfMountsAreMasked(t *testing.T) {
	t.Parallel()
	mount := map[string]any{"volumeName": "v", "token": "hush", "args": []any{"--token-of-none"}}
	for _, tt := range []struct {
		path     string
		v, shows any
	}{
		{"juiceFsConfig.mountPoints", []any{mount}, []any{map[string]any{"volumeName": "v", "token": Masked, "args": []any{"--token-of-none"}}}},
		{"juiceFsConfig", map[string]any{"mountPoints": []any{mount}, "envs": map[string]any{"ACCESS_KEY": "hush", "REGION": "r"}}, map[string]any{
			"mountPoints": []any{map[string]any{"volumeName": "v", "token": Masked, "args": []any{"--token-of-none"}}},
			"envs":        map[string]any{"ACCESS_KEY": Masked, "REGION": "r"},
		}},
		{"juiceFsConfig.envs.SECRET_KEY", "hush", Masked},
		{"juiceFsConfig.envs.REGION", "r", "r"},
		{"juiceFsConfig.mountPoints", nil, nil},
	} {
		if d := cmp.Diff(tt.shows, shown(tt.path, tt.v)); d != "" {
			t.Errorf("%s: %s", tt.path, d)
		}
	}
	if mount["token"] != "hush" {
		t.Error("what is deployed was changed")
	}
}

func TestMaskFunctionMasksMounts(t *testing.T) {
	t.Parallel()
	f := fc.Function{JuiceFSConfig: &fc.JuiceFSConfig{
		Envs:        map[string]string{"SECRET_KEY": "hush", "REGION": "r"},
		MountPoints: []fc.JuiceFSMount{{VolumeName: "v", Token: "hush"}, {VolumeName: "w"}},
	}}
	want := &fc.JuiceFSConfig{
		Envs:        map[string]string{"SECRET_KEY": Masked, "REGION": "r"},
		MountPoints: []fc.JuiceFSMount{{VolumeName: "v", Token: Masked}, {VolumeName: "w"}},
	}
	if d := cmp.Diff(want, MaskFunction(f).JuiceFSConfig); d != "" {
		t.Error(d)
	}
	if f.JuiceFSConfig.MountPoints[0].Token != "hush" || f.JuiceFSConfig.Envs["SECRET_KEY"] != "hush" {
		t.Error("what is deployed was changed")
	}
	if MaskFunction(fc.Function{}).JuiceFSConfig != nil {
		t.Error("nothing was made something")
	}
}
