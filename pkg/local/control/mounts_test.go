package control

import (
	"encoding/json"
	"strings"
	"testing"

	"s/pkg/fc"
	"s/pkg/local/store"
)

func TestEnvironmentOfAnInstance(t *testing.T) {
	nas := func(addr, dir string) fc.Function {
		return fc.Function{NASConfig: &fc.NASConfig{MountPoints: []fc.NASMount{{ServerAddr: addr, MountDir: dir}}}}
	}
	oss := func(bucket string, dirs ...string) fc.Function {
		c := &fc.OSSMountConfig{}
		for _, dir := range dirs {
			c.MountPoints = append(c.MountPoints, fc.OSSMount{BucketName: bucket, MountDir: dir})
		}
		return fc.Function{OSSMountConfig: c}
	}
	polar := func(id string, dirs ...string) fc.Function {
		c := &fc.PolarFSConfig{}
		for _, dir := range dirs {
			c.MountPoints = append(c.MountPoints, fc.PolarFSMount{InstanceID: id, MountDir: dir})
		}
		return fc.Function{PolarFSConfig: c, JuiceFSConfig: &fc.JuiceFSConfig{MountPoints: []fc.JuiceFSMount{{VolumeName: "v", MountDir: "/mnt/juice"}}}}
	}
	juice := func(volume, dir string) fc.Function {
		return fc.Function{JuiceFSConfig: &fc.JuiceFSConfig{MountPoints: []fc.JuiceFSMount{{VolumeName: volume, MountDir: dir}}}}
	}
	dns := func(d fc.CustomDNS) fc.Function { return fc.Function{CustomDNS: &d} }
	for _, tt := range []struct {
		function fc.Function
		want     string // of the error; empty is none
	}{
		{nas("x.nas:/", "/mnt/a"), ""},
		{nas("x.nas:/d", "/home/a/"), ""},
		{nas("x.nas", "/mnt/a"), "serverAddr"},
		{nas(":/d", "/mnt/a"), "serverAddr"},
		{nas("x.nas:/d", "mnt/a"), "mountDir 'mnt/a'"},
		{nas("x.nas:/d", "/"), "mountDir '/'"},
		{nas("x.nas:/d", "/code/a"), "mountDir"},
		{nas("x.nas:/d", "/mnt/../etc"), "mountDir"},
		{oss("b", "/mnt/a", "/mnt/b"), ""},
		{oss("b", "/mnt/a", "/mnt/a"), "used twice"},
		{oss("", "/mnt/a"), "bucketName"},
		{oss("b", "/mnt/1", "/mnt/2", "/mnt/3", "/mnt/4", "/mnt/5", "/mnt/6"), "between 0 and 5"},
		{polar("pfs-1", "/mnt/a", "/mnt/b"), ""},
		{polar("pfs-1", "/mnt/juice"), "used twice"},
		{polar("", "/mnt/a"), "instanceId"},
		{polar("pfs-1", "/etc"), "mountDir"},
		{juice("v", "/mnt/a"), ""},
		{juice("", "/mnt/a"), "volumeName"},
		{juice("v", ""), "mountDir"},
		{dns(fc.CustomDNS{NameServers: []string{"10.0.0.1", "::1"}, Searches: []string{"a.b"}, DNSOptions: []fc.DNSOption{{Name: "ndots", Value: "2"}}}), ""},
		{dns(fc.CustomDNS{NameServers: []string{"one"}}), "'one' is not an IP address"},
		{dns(fc.CustomDNS{Searches: []string{"a b"}}), "one word"},
		{dns(fc.CustomDNS{DNSOptions: []fc.DNSOption{{Name: "a\nb"}}}), "one word"},
		{fc.Function{DisableInjectCredentials: "Env"}, ""},
		{fc.Function{DisableInjectCredentials: "env"}, "None, Env, Request or All"},
	} {
		tt.function.Runtime, tt.function.Handler = "python3.10", "a.b"
		err := Complete(&store.Function{Function: tt.function}, nil)
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !fc.IsCode(err, fc.CodeInvalidArgument)) {
			t.Errorf("%+v: %v", tt.function, err)
		}
	}
}

// What a version of s before this one only kept can be changed and taken away.
func TestMountsThatWereOnlyKept(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	kept := []byte(`{"mountPoints":[{"instanceId":"old","mountDir":"/mnt/a"}]}`)
	if _, err := w.store.UpdateFunction(testRegion, "f", func(f *store.Function) error {
		f.Extra = map[string]json.RawMessage{"polarFsConfig": kept, "microSandboxConfig": []byte(`{"osType":"kept"}`)}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.do("GET", "/2023-03-30/functions/f", "").is(200).shows(`"instanceId":"old"`)
	w.do("PUT", "/2023-03-30/functions/f", `{"polarFsConfig":{"userId":1,"groupId":2,"mountPoints":[{"instanceId":"new","mountDir":"/mnt/a","readOnly":true}]}}`).is(200)
	g := w.do("GET", "/2023-03-30/functions/f", "").is(200).shows(`"instanceId":"new"`).has("polarFsConfig.groupId", 2).has("microSandboxConfig.osType", "kept")
	if strings.Contains(string(g.body), "old") {
		t.Errorf("%s", g.body)
	}
	w.do("PUT", "/2023-03-30/functions/f", `{"polarFsConfig":{}}`).is(200).has("polarFsConfig.mountPoints", nil)
}
