package control

import (
	"testing"

	"s/pkg/access"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

// contractClient speaks to a control plane of its own.
func contractClient(t *testing.T, v2 bool) *fcclient.Client {
	t.Helper()
	w := newWorld(t)
	c := fcclient.New(fcclient.Config{
		Region: testRegion, Endpoint: w.url, V2: v2, Credentials: access.Credentials{AccountID: testAccount, AccessKeyID: "k", AccessKeySecret: "s"},
	})
	t.Cleanup(c.Close)
	return c
}

func TestScalingContract(t *testing.T) {
	t.Parallel()
	fctest.ScalingContract(t, contractClient(t, false), "hello")
	fctest.ScalingContract(t, contractClient(t, true), "svc$hello")
}

func TestDomainContract(t *testing.T) {
	t.Parallel()
	fctest.DomainContract(t, contractClient(t, false), "hello")
	fctest.DomainContract(t, contractClient(t, true), "svc$hello")
}

func TestLayerContract(t *testing.T) {
	t.Parallel()
	fctest.LayerContract(t, contractClient(t, false), "hello")
	fctest.LayerContract(t, contractClient(t, true), "svc$hello")
}

func TestVPCContract(t *testing.T) {
	t.Parallel()
	fctest.VPCContract(t, contractClient(t, false), "hello")
	fctest.VPCContract(t, contractClient(t, true), "svc$hello")
}
