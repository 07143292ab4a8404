package deploycmd

import (
	"context"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fc"
)

// makeAuto makes what resources leave to the deployment, a resource at a time: what
// the first one made, the others find.
func (d *deployment) makeAuto(ctx context.Context) {
	for _, it := range d.items {
		if it.err != nil || it.auto.Ready() {
			continue
		}
		if it.err = d.makeFor(ctx, it); it.err != nil {
			d.IO.Errf("%s %s: what \"auto\" stands for couldn't all be made", d.IO.Red("✖"), it.resource.Name)
		}
	}
	if err := d.ledger.Save(); err != nil {
		d.IO.Errf("warning: what was deployed couldn't be noted: %v", err)
	}
}

func (d *deployment) makeFor(ctx context.Context, it *item) error {
	err := cmdutil.MakeAuto(ctx, d.target, it.auto, func(m deploy.Made, lasting bool) {
		if !lasting {
			d.ledger.RecordMade(m)
		}
		c := m.Change()
		d.IO.Errf("%s %s %s %s %s", d.IO.Green("✔"), it.resource.Name, c.Kind, c.Name, d.done(deploy.Create))
	})
	if err != nil {
		return err
	}
	text, err := d.blocksYAML(it)
	if err != nil {
		return err
	}
	if text != "" {
		d.IO.Errf("%s: s.yaml may have this in place of auto:", it.resource.Name)
		d.IO.Errf("%s", text)
	}
	function, service := it.prepared.Desired.Function, it.prepared.Desired.Service
	cmdutil.FillAuto(it.auto, &function, &service)
	it.plan, err = it.plan.With(function, service, d.project.Redact)
	return err
}

// blocksYAML writes what "auto" stood for as s.yaml has it.
func (d *deployment) blocksYAML(it *item) (string, error) {
	var f fc.Function
	it.auto.Fill(&f)
	blocks := map[string]any{"logConfig": f.LogConfig, "ossMountConfig": f.OSSMountConfig, "vpcConfig": f.VPCConfig, "nasConfig": f.NASConfig, "role": f.Role}
	if it.resource.Service != nil {
		blocks["vpcConfig"], blocks["nasConfig"] = vpcOfV1(f.VPCConfig), nasOfV1(f.NASConfig)
	}
	data, err := json.Marshal(blocks)
	if err != nil {
		return "", err
	}
	blocks = nil
	if err := json.Unmarshal(data, &blocks); err != nil {
		return "", err
	}
	for key, v := range blocks {
		if v == nil || v == "" {
			delete(blocks, key)
		}
	}
	if len(blocks) == 0 {
		return "", nil
	}
	text, err := yaml.Marshal(blocks)
	return strings.TrimSpace(string(text)), err
}

// vpcOfV1 is vpcConfig as edition 1.0.0 spells it.
func vpcOfV1(c *fc.VPCConfig) any {
	if c == nil {
		return nil
	}
	return map[string]any{"vpcId": c.VPCID, "vswitchIds": c.VSwitchIDs, "securityGroupId": c.SecurityGroupID}
}

// nasOfV1 is nasConfig as edition 1.0.0 spells it, with the server and the folder on
// it apart.
func nasOfV1(c *fc.NASConfig) any {
	if c == nil {
		return nil
	}
	var points []any
	for _, m := range c.MountPoints {
		server, dir, _ := strings.Cut(m.ServerAddr, ":")
		points = append(points, map[string]any{"serverAddr": server, "nasDir": dir, "fcDir": m.MountDir})
	}
	return map[string]any{"userId": c.UserID, "groupId": c.GroupID, "mountPoints": points}
}
