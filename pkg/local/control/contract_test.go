package control

import (
	"context"
	"testing"

	"s/pkg/access"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/runtime/instance"
)

// contractClient speaks to a control plane of its own.
func contractClient(t *testing.T, v2 bool) *fcclient.Client {
	t.Helper()
	return clientOf(t, newWorld(t), v2)
}

func clientOf(t *testing.T, w *world, v2 bool) *fcclient.Client {
	t.Helper()
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

func TestHistoryContract(t *testing.T) {
	t.Parallel()
	fctest.HistoryContract(t, contractClient(t, false), "hello")
	fctest.HistoryContract(t, contractClient(t, true), "svc$hello")
}

// instanceIDs lists the ids of instances.
type instanceIDs struct{ *fcclient.Client }

func (c instanceIDs) Instances(ctx context.Context, function, qualifier string) (ids []string, err error) {
	all, err := c.ListInstances(ctx, function, qualifier)
	for _, i := range all {
		ids = append(ids, i.InstanceID)
	}
	return ids, err
}

func TestInstanceContract(t *testing.T) {
	t.Parallel()
	for name, v2 := range map[string]bool{"hello": false, "svc$hello": true} {
		w := newWorld(t)
		fctest.InstanceContract(t, instanceIDs{clientOf(t, w, v2)}, name, func(ids ...string) {
			w.instances = nil
			for _, id := range ids {
				w.instances = append(w.instances, instance.Info{ID: id, Qualifier: "LATEST"})
			}
		})
	}
}
