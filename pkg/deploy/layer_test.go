package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"s/pkg/bundle"
	"s/pkg/fc"
	"s/pkg/fcclient"
)

// layerShop keeps the versions of one layer.
type layerShop struct {
	versions []fc.LayerVersion
	code     string
	err      error
	object   *fc.Code // what is sent of an archive that is too large
}

func (s *layerShop) ListLayerVersions(context.Context, string) ([]fc.LayerVersion, error) {
	return s.versions, s.err
}

func (s *layerShop) PutCode(_ context.Context, path, checksum string) (*fc.Code, error) {
	if s.object != nil {
		return s.object, nil
	}
	return fcclient.InlineCode(path, checksum)
}

func (s *layerShop) PublishLayerVersion(_ context.Context, in fc.LayerInput) (*fc.LayerVersion, error) {
	s.code = in.Code.ZipFile + in.Code.OSSObjectName
	v := fc.LayerVersion{
		LayerName: in.LayerName, Version: len(s.versions) + 1, Description: in.Description, CompatibleRuntime: in.CompatibleRuntime, CodeChecksum: in.Code.Checksum,
	}
	s.versions = append([]fc.LayerVersion{v}, s.versions...) // in no order that counts
	return &v, nil
}

func TestPublishLayer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "l.zip")
	pack := func(text string) *bundle.Bundle {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		size, checksum, err := bundle.Checksum(path)
		if err != nil {
			t.Fatal(err)
		}
		return &bundle.Bundle{Path: path, Size: size, Checksum: checksum}
	}
	shop := &layerShop{}
	python := fc.LayerInput{LayerName: "l", CompatibleRuntime: []string{"python3.10"}}
	node := fc.LayerInput{LayerName: "l", CompatibleRuntime: []string{"nodejs20"}}
	described := fc.LayerInput{LayerName: "l", Description: "d", CompatibleRuntime: []string{"nodejs20"}}
	for i, step := range []struct {
		in      fc.LayerInput
		code    string
		version int
		same    bool
	}{
		{python, "one", 1, false},
		{python, "one", 1, true},
		{python, "two", 2, false},
		{node, "two", 3, false},
		{described, "two", 4, false},
		{described, "two", 4, true},
		{python, "one", 5, false},
	} {
		v, same, err := PublishLayer(t.Context(), shop, step.in, pack(step.code))
		if err != nil || v.Version != step.version || same != step.same {
			t.Errorf("%d: %+v %v %v", i, v, same, err)
		}
	}
	if shop.code != "b25l" {
		t.Errorf("sent %q", shop.code)
	}
	large := *shop
	large.object = &fc.Code{OSSBucketName: "b", OSSObjectName: "1/large"}
	if v, _, err := PublishLayer(t.Context(), &large, node, pack("large")); err != nil || v.Version != 6 || large.code != "1/large" {
		t.Errorf("%+v, sent %q, %v", v, large.code, err)
	}
	changed := pack("one")
	pack("three")
	var replaced *fcclient.ChangedError
	if _, _, err := PublishLayer(t.Context(), shop, node, changed); !errors.As(err, &replaced) {
		t.Errorf("the archive was replaced: %v", err)
	}
	shop.err = errors.New("refused")
	if _, _, err := PublishLayer(t.Context(), shop, node, changed); !errors.Is(err, shop.err) {
		t.Errorf("%v", err)
	}
}
