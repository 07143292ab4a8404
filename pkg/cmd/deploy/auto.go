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
		if it.err != nil || it.auto == nil || len(it.auto.Missing) == 0 {
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
	err := cmdutil.MakeAuto(ctx, d.target, it.auto, func(m deploy.Made) {
		d.ledger.RecordMade(m)
		c := m.Change()
		d.IO.Errf("%s %s %s %s %s", d.IO.Green("✔"), it.resource.Name, c.Kind, c.Name, d.done(deploy.Create))
	})
	if err != nil {
		return err
	}
	var blocks fc.Function
	it.auto.Fill(&blocks)
	text, err := blocksYAML(blocks)
	if err != nil {
		return err
	}
	d.IO.Errf("%s: s.yaml may have this in place of auto:", it.resource.Name)
	d.IO.Errf("%s", text)
	function := it.prepared.Desired.Function
	it.auto.Fill(&function)
	it.plan, err = it.plan.With(function, d.project.Redact)
	return err
}

// blocksYAML writes the blocks of a function that are set, as s.yaml has them.
func blocksYAML(f fc.Function) (string, error) {
	data, err := json.Marshal(map[string]any{
		"logConfig": f.LogConfig, "ossMountConfig": f.OSSMountConfig, "vpcConfig": f.VPCConfig, "nasConfig": f.NASConfig, "role": f.Role,
	})
	if err != nil {
		return "", err
	}
	var blocks map[string]any
	if err := json.Unmarshal(data, &blocks); err != nil {
		return "", err
	}
	for key, v := range blocks {
		if v == nil || v == "" {
			delete(blocks, key)
		}
	}
	text, err := yaml.Marshal(blocks)
	return strings.TrimSpace(string(text)), err
}
