package fctest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"hash/crc64"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
)

// LayerClient speaks to an endpoint of either version; *fcclient.Client is one.
type LayerClient interface {
	maker
	GetFunction(ctx context.Context, name, qualifier string) (*fc.Function, error)
	UpdateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	PublishLayerVersion(ctx context.Context, in fc.LayerInput) (*fc.LayerVersion, error)
	GetLayerVersion(ctx context.Context, name string, version int) (*fc.LayerVersion, error)
	GetLayerVersionByARN(ctx context.Context, arn string) (*fc.LayerVersion, error)
	ListLayers(ctx context.Context, filter fc.LayerFilter) ([]fc.LayerVersion, error)
	ListLayerVersions(ctx context.Context, name string) ([]fc.LayerVersion, error)
	DeleteLayerVersion(ctx context.Context, name string, version int) error
	PutLayerACL(ctx context.Context, name string, public bool) error
	DownloadCode(ctx context.Context, location, checksum string, w io.Writer) error
}

// layerZip is an archive with one empty file, a, as base64.
const layerZip = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAACAAQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA=="

// LayerContract is what every endpoint must do with layers, in the API version that
// the name belongs to. It makes the function name and the layers shared, more and
// most.
func LayerContract(t *testing.T, c LayerClient, name string) {
	t.Helper()
	made(t, c, name)
	ctx := t.Context()
	publish := func(layer string) *fc.LayerVersion {
		t.Helper()
		v, err := c.PublishLayerVersion(ctx, fc.LayerInput{
			LayerName: layer, Description: "a layer", CompatibleRuntime: []string{"python3.10", "custom"}, Code: &fc.Code{ZipFile: layerZip},
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if list, err := c.ListLayerVersions(ctx, "shared"); err != nil || len(list) > 0 {
		t.Fatalf("at first: %+v, %v", list, err)
	}
	if _, err := c.GetLayerVersion(ctx, "shared", 1); !fc.IsNotFound(err) || !fc.IsCode(err, "LayerVersionNotFound") {
		t.Fatalf("at first: %v", err)
	}
	v := publish("shared")
	layerContent(t, c, v)
	for want := 2; want <= 5; want++ {
		if v = publish("shared"); v.Version != want {
			t.Errorf("version %d, want %d", v.Version, want)
		}
	}
	layerLists(t, c, publish)
	layersOfFunction(t, c, name)
	if err := c.DeleteLayerVersion(ctx, "shared", 5); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteLayerVersion(ctx, "shared", 5); !fc.IsCode(err, "LayerVersionNotFound") {
		t.Errorf("deleted twice: %v", err)
	}
	if v := publish("shared"); v.Version != 6 {
		t.Errorf("version %d after 5 was deleted", v.Version)
	}
	if err := c.PutLayerACL(ctx, "none", true); !fc.IsNotFound(err) {
		t.Errorf("acl of none: %v", err)
	}
}

// layerContent: a version is the same by its number and its ARN, and can be
// fetched.
func layerContent(t *testing.T, c LayerClient, v *fc.LayerVersion) {
	t.Helper()
	ctx := t.Context()
	archive, err := base64.StdEncoding.DecodeString(layerZip)
	if err != nil {
		t.Fatal(err)
	}
	sum := strconv.FormatUint(crc64.Checksum(archive, crc64.MakeTable(crc64.ECMA)), 10)
	if v.LayerName != "shared" || v.Version != 1 || v.Description != "a layer" || v.CodeChecksum != sum || v.CodeSize != int64(len(archive)) ||
		v.ACL != fc.LayerPrivate || strings.Join(v.CompatibleRuntime, " ") != "python3.10 custom" || v.CreateTime == "" {
		t.Errorf("published %+v", v)
	}
	if arn, err := fc.ParseLayerARN(v.LayerVersionARN); err != nil || arn.Name != "shared" || arn.Version != 1 || arn.Region == "" {
		t.Errorf("ARN %q, %v", v.LayerVersionARN, err)
	}
	read, err := c.GetLayerVersion(ctx, "shared", 1)
	if err != nil || read.Code == nil {
		t.Fatalf("%+v, %v", read, err)
	}
	var got bytes.Buffer
	if err := c.DownloadCode(ctx, read.Code.Location, sum, &got); err != nil || !bytes.Equal(got.Bytes(), archive) {
		t.Errorf("downloaded %d bytes, %v", got.Len(), err)
	}
	if err := c.DownloadCode(ctx, read.Code.Location, "1", io.Discard); err == nil {
		t.Error("another checksum was accepted")
	}
	byARN, err := c.GetLayerVersionByARN(ctx, v.LayerVersionARN)
	if err != nil {
		t.Fatal(err)
	}
	read.Code, byARN.Code = nil, nil // signed anew each time
	if d := cmp.Diff(read, byARN); d != "" {
		t.Errorf("by its ARN: %s", d)
	}
}

func layerLists(t *testing.T, c LayerClient, publish func(string) *fc.LayerVersion) {
	t.Helper()
	ctx := t.Context()
	publish("more")
	publish("most")
	if err := c.PutLayerACL(ctx, "more", true); err != nil {
		t.Fatal(err)
	}
	shown := func(list []fc.LayerVersion, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, v := range list {
			out = append(out, fmt.Sprintf("%s:%d:%s", v.LayerName, v.Version, v.ACL))
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		filter fc.LayerFilter
		want   string
	}{
		{fc.LayerFilter{}, "more:1:1 most:1:0 shared:5:0"},
		{fc.LayerFilter{Prefix: "mo"}, "more:1:1 most:1:0"},
		{fc.LayerFilter{Public: true}, "more:1:1"},
	} {
		if got := shown(c.ListLayers(ctx, tt.filter)); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.filter, got, tt.want)
		}
	}
	if got, want := shown(c.ListLayerVersions(ctx, "shared")), "shared:1:0 shared:2:0 shared:3:0 shared:4:0 shared:5:0"; got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
	if err := c.PutLayerACL(ctx, "more", false); err != nil {
		t.Fatal(err)
	}
	if got := shown(c.ListLayers(ctx, fc.LayerFilter{Public: true})); got != "" {
		t.Errorf("public after all: %s", got)
	}
}

// layersOfFunction: a function has layers by their ARNs, in its order.
func layersOfFunction(t *testing.T, c LayerClient, name string) {
	t.Helper()
	ctx := t.Context()
	var arns []string
	for _, version := range []int{2, 1} {
		v, err := c.GetLayerVersion(ctx, "shared", version)
		if err != nil {
			t.Fatal(err)
		}
		arns = append(arns, v.LayerVersionARN)
	}
	f, err := c.GetFunction(ctx, name, "")
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, want ...string) {
		t.Helper()
		got, err := c.GetFunction(ctx, name, "")
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, l := range got.Layers {
			have = append(have, l.ARN)
		}
		if d := cmp.Diff(want, have); len(want)+len(have) > 0 && d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	f.Layers = []fc.Layer{{ARN: arns[0]}, {ARN: arns[1]}}
	if _, err := c.UpdateFunction(ctx, *f, nil); err != nil {
		t.Fatal(err)
	}
	check("set", arns...)
	f.Layers = nil
	if _, err := c.UpdateFunction(ctx, *f, nil); err != nil {
		t.Fatal(err)
	}
	check("taken off")
}
