//go:build linux

package instance

import (
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"s/pkg/fc"
	"s/pkg/runtime/image/imagetest"
)

// TestContainerMountsAndDNS: folders of NAS and OSS, and the function's own name
// servers, in images whose root is laid over the layers or copied from them; the
// image's files stay as they are.
func TestContainerMountsAndDNS(t *testing.T) {
	t.Parallel()
	img := imagetest.Image(t, v1.Config{Entrypoint: []string{"/app/server"}},
		layers(t, imagetest.Entry{Name: "etc/resolv.conf", Text: "nameserver 9.9.9.9\n"}, imagetest.Entry{Name: "mnt/nas/own", Text: "the image's"})...)
	for _, copied := range []bool{false, true} {
		cfg, _ := container(t, img, fc.CustomContainerConfig{})
		if copied {
			cfg.Launcher = noLayers{cfg.Launcher}
		}
		cfg.SharedDir = filepath.Join(t.TempDir(), "shared")
		cfg.Function.NASConfig = &fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: "n.nas:/d", MountDir: "/mnt/nas"}}}
		cfg.Function.OSSMountConfig = &fc.OSSMountConfig{MountPoints: []fc.OSSMount{
			{BucketName: "b", BucketPath: "/in", MountDir: "/data/oss", ReadOnly: true},
		}}
		cfg.Function.CustomDNS = &fc.CustomDNS{
			NameServers: []string{"10.0.0.1"}, Searches: []string{"svc.local"}, DNSOptions: []fc.DNSOption{{Name: "ndots", Value: "5"}},
		}
		photos := filepath.Join(cfg.SharedDir, "oss", "b", "in")
		if err := os.MkdirAll(photos, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(photos, "photo"), []byte("from OSS"), 0o644); err != nil {
			t.Fatal(err)
		}
		one := start(t, cfg)
		for event, want := range map[string]string{
			"get /etc/resolv.conf": "nameserver 10.0.0.1\nsearch svc.local\noptions ndots:5\n",
			"get /data/oss/photo":  "from OSS", "list /mnt/nas": "",
		} {
			if got := ask(t, one, event); got != want {
				t.Errorf("copied %v: %s: %q, want %q", copied, event, got, want)
			}
		}
		refused(t, one, "put /data/oss/photo mine")
		ask(t, one, "put /mnt/nas/file mine")
		two := start(t, cfg)
		if got := ask(t, two, "get /mnt/nas/file"); got != "mine" {
			t.Errorf("copied %v: another instance sees %q", copied, got)
		}
		if got, err := os.ReadFile(filepath.Join(cfg.SharedDir, "nas", "n.nas", "d", "file")); err != nil || string(got) != "mine" {
			t.Errorf("copied %v: on the host it is %q, %v", copied, got, err)
		}
		cfg.Function.NASConfig, cfg.Function.OSSMountConfig, cfg.Function.CustomDNS = nil, nil, nil
		without := start(t, cfg)
		if got := ask(t, without, "get /mnt/nas/own"); got != "the image's" {
			t.Errorf("copied %v: without mounts it is %q", copied, got)
		}
		refused(t, without, "get /mnt/nas/file")
	}
}
