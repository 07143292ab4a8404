package alicloud

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"s/pkg/fc"
)

// Versions of the services of networks, which speak RPC at a host per region
// (https://help.aliyun.com/zh/vpc/developer-reference/api-vpc-2016-04-28-overview,
// https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-overview).
const (
	vpcVersion = "2016-04-28"
	ecsVersion = "2014-05-26"
)

// Statuses of VPCs and vSwitches: the first can be used, the second is as good as gone
// (DescribeVpcs, DeleteVpc).
const (
	ready   = "Available"
	leaving = "Deleting"
)

func (c *Client) vpc(ctx context.Context, action string, parameters url.Values, out any) error {
	return c.regional(ctx, "VPC", "vpc", vpcVersion, action, parameters, out)
}

func (c *Client) ecs(ctx context.Context, action string, parameters url.Values, out any) error {
	return c.regional(ctx, "ECS", "ecs", ecsVersion, action, parameters, out)
}

func (c *Client) regional(ctx context.Context, service, host, version, action string, parameters url.Values, out any) error {
	parameters.Set("RegionId", c.config.Region)
	return c.rpc(ctx, service, host+"."+c.config.Region+".aliyuncs.com", version, action, parameters, out)
}

// clientToken makes a create request one that may be sent twice.
func clientToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// pageSize is the largest that DescribeVpcs and DescribeVSwitches allow.
const pageSize = 50

// pages reads a list to its end. one reads a page and tells how many there are in
// all, and how many it had.
func pages(parameters url.Values, one func(url.Values) (total, had int, err error)) error {
	seen := 0
	for number := 1; ; number++ {
		parameters.Set("PageSize", strconv.Itoa(pageSize))
		parameters.Set("PageNumber", strconv.Itoa(number))
		total, had, err := one(parameters)
		if seen += had; err != nil || had == 0 || seen >= total {
			return err
		}
	}
}

// network is vpcConfig: a VPC, a vSwitch in a zone that Function Compute is in, and
// a security group.
type network struct {
	*Client
	names  names
	given  fc.VPCConfig // what needn't be looked for
	config fc.VPCConfig // what is known of it: given or found
	files  bool         // a zone in which NAS is, too, is better
	zones  []string     // of the vSwitches, once they are known
	cidr   string       // of the VPC, once it is known
}

// newNetwork takes what s.yaml gives, and for the rest what is deployed in the same
// VPC.
func newNetwork(c *Client, q Request, deployed *fc.VPCConfig) *network {
	n := &network{Client: c, names: c.names(q), files: q.Auto.NAS != nil}
	if given := cmp.Or(q.Auto.VPC, q.VPC); given != nil {
		n.given = *given
	}
	if deployed != nil && deployed.VPCID != "" && (n.given.VPCID == "" || n.given.VPCID == deployed.VPCID) {
		n.given.VPCID = deployed.VPCID
		n.given.SecurityGroupID = cmp.Or(n.given.SecurityGroupID, deployed.SecurityGroupID)
		if len(n.given.VSwitchIDs) == 0 {
			n.given.VSwitchIDs = deployed.VSwitchIDs
		}
	}
	n.config = n.given
	return n
}

// fill leaves the network out at the local cloud: functions there have the
// machine's.
func (n *network) fill(f *fc.Function) {
	if n.Client.config.Local {
		return
	}
	c := n.config
	c.VPCID, c.SecurityGroupID = cmp.Or(c.VPCID, Unmade), cmp.Or(c.SecurityGroupID, Unmade)
	if len(c.VSwitchIDs) == 0 {
		c.VSwitchIDs = []string{Unmade}
	}
	f.VPCConfig = &c
}

func (n *network) ensure(ctx context.Context, r *run) error {
	if n.Client.config.Local || n.given.VPCID != "" && n.given.SecurityGroupID != "" && len(n.given.VSwitchIDs) > 0 {
		return nil
	}
	within := n.given.VPCID
	if within == "" {
		within = n.names.vpc
		if err := n.ensureVPC(ctx, r); err != nil {
			return err
		}
	}
	vSwitch, group := Resource{Kind: KindVSwitch, Name: n.names.vSwitch, Within: within}, Resource{Kind: KindGroup, Name: n.names.group, Within: within}
	if n.config.VPCID == "" { // a dry run: nothing is in what isn't there
		r.lacks(vSwitch)
		r.lacks(group)
		return nil
	}
	if len(n.given.VSwitchIDs) == 0 {
		if err := n.ensureVSwitch(ctx, r, vSwitch); err != nil {
			return err
		}
	}
	if n.given.SecurityGroupID != "" {
		return nil
	}
	return n.ensureGroup(ctx, r, group)
}

// vpcOf is a VPC in the answer of DescribeVpcs.
type vpcOf struct {
	VPCID     string `json:"VpcId"`
	VPCName   string `json:"VpcName"`
	Status    string
	CIDRBlock string `json:"CidrBlock"`
}

// vpcs gives the VPCs of an id or of a name.
func (n *network) vpcs(ctx context.Context, id string) ([]vpcOf, error) {
	parameters := url.Values{"VpcName": {n.names.vpc}}
	if id != "" {
		parameters = url.Values{"VpcId": {id}}
	}
	var found []vpcOf
	err := pages(parameters, func(q url.Values) (int, int, error) {
		var answer struct {
			TotalCount int
			VPCs       struct {
				VPC []vpcOf `json:"Vpc"`
			} `json:"Vpcs"`
		}
		err := n.vpc(ctx, "DescribeVpcs", q, &answer)
		for _, v := range answer.VPCs.VPC {
			if v.Status != leaving && (v.VPCID == id || id == "" && v.VPCName == n.names.vpc) {
				found = append(found, v)
			}
		}
		return answer.TotalCount, len(answer.VPCs.VPC), err
	})
	return found, err
}

func (n *network) ensureVPC(ctx context.Context, r *run) error {
	what := &Resource{Kind: KindVPC, Name: n.names.vpc}
	return r.ensure(ctx, what, func(ctx context.Context) error {
		found, err := n.vpcs(ctx, what.ID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return missing("VPC", "DescribeVpcs")
		}
		r.notUnique(KindVPC, n.names.vpc, len(found), found[0].VPCID)
		n.config.VPCID, n.cidr = found[0].VPCID, found[0].CIDRBlock
		return usable(found[0].Status)
	}, func(ctx context.Context) error {
		n.cidr = vpcCIDR
		return n.create(ctx, n.vpc, "CreateVpc", "VpcId", what, url.Values{"VpcName": {n.names.vpc}, "Description": {n.names.vpc}, "CidrBlock": {vpcCIDR}})
	})
}

// usable says whether a VPC or a vSwitch can be used.
func usable(status string) error {
	if status != "" && status != ready {
		return fmt.Errorf("%w: its status is %s", errNotReady, status)
	}
	return nil
}

// create makes something and keeps its id.
func (c *Client) create(ctx context.Context, service func(context.Context, string, url.Values, any) error, action, id string, what *Resource, q url.Values) error {
	q.Set("ClientToken", clientToken())
	var answer map[string]any
	if err := service(ctx, action, q, &answer); err != nil {
		return err
	}
	what.ID, _ = answer[id].(string)
	if what.ID == "" {
		return fmt.Errorf("%s: the answer has no %s", action, id)
	}
	return nil
}

// vSwitchOf is a vSwitch in the answer of DescribeVSwitches.
type vSwitchOf struct {
	VSwitchID   string `json:"VSwitchId"`
	VSwitchName string
	ZoneID      string `json:"ZoneId"`
	CIDRBlock   string `json:"CidrBlock"`
	Status      string
}

// vSwitches gives those of the VPC.
func (n *network) vSwitches(ctx context.Context) ([]vSwitchOf, error) {
	var found []vSwitchOf
	err := pages(url.Values{"VpcId": {n.config.VPCID}}, func(q url.Values) (int, int, error) {
		var answer struct {
			TotalCount int
			VSwitches  struct{ VSwitch []vSwitchOf }
		}
		err := n.vpc(ctx, "DescribeVSwitches", q, &answer)
		found = append(found, answer.VSwitches.VSwitch...)
		return answer.TotalCount, len(answer.VSwitches.VSwitch), err
	})
	return found, err
}

// ensureVSwitch takes any vSwitch of the VPC in a zone that Function Compute is in,
// best one that was made for this, and makes one if there is none.
func (n *network) ensureVSwitch(ctx context.Context, r *run, what Resource) error {
	zones, err := n.zonesFor(ctx)
	if err != nil {
		return err
	}
	var all []vSwitchOf
	return r.ensure(ctx, &what, func(ctx context.Context) error {
		if all, err = n.vSwitches(ctx); err != nil {
			return err
		}
		of := n.choose(all, zones, what.ID)
		if of == nil {
			return missing("VPC", "DescribeVSwitches")
		}
		n.config.VSwitchIDs, n.zones = []string{of.VSwitchID}, []string{of.ZoneID}
		return usable(of.Status)
	}, func(ctx context.Context) error {
		return n.createVSwitch(ctx, &what, zones[0], all)
	})
}

// choose gives the vSwitch of an id, or the best one in the zones; nil if there is
// none.
func (n *network) choose(all []vSwitchOf, zones []string, id string) *vSwitchOf {
	var best *vSwitchOf
	for i := range all {
		v := &all[i]
		if id != "" && v.VSwitchID != id || !slices.Contains(zones, v.ZoneID) {
			continue
		}
		if best == nil || best.VSwitchName != n.names.vSwitch && v.VSwitchName == n.names.vSwitch {
			best = v
		}
	}
	return best
}

// createVSwitch makes a vSwitch with the first range of addresses that is free.
func (n *network) createVSwitch(ctx context.Context, what *Resource, zone string, all []vSwitchOf) error {
	if n.cidr == "" {
		found, err := n.vpcs(ctx, n.config.VPCID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("there is no VPC %s in %s", n.config.VPCID, n.Client.config.Region)
		}
		n.cidr = found[0].CIDRBlock
	}
	ranges := freeRanges(n.cidr, all)
	if len(ranges) == 0 {
		return fmt.Errorf("no range of addresses of the VPC %s (%s) is free for a vSwitch: write vSwitchIds in s.yaml", n.config.VPCID, n.cidr)
	}
	var err error
	for _, cidr := range ranges {
		err = n.create(ctx, n.vpc, "CreateVSwitch", "VSwitchId", what, url.Values{
			"VpcId": {n.config.VPCID}, "ZoneId": {zone}, "VSwitchName": {n.names.vSwitch}, "Description": {n.names.vSwitch}, "CidrBlock": {cidr},
		})
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != "InvalidCidrBlock.Overlapped" {
			return err // or nil
		}
	}
	return err
}

func (n *network) ensureGroup(ctx context.Context, r *run, what Resource) error {
	return r.ensure(ctx, &what, func(ctx context.Context) error {
		q := url.Values{"VpcId": {n.config.VPCID}, "PageSize": {strconv.Itoa(pageSize)}}
		if q.Set("SecurityGroupName", n.names.group); what.ID != "" {
			q.Set("SecurityGroupId", what.ID)
		}
		var answer struct {
			SecurityGroups struct {
				SecurityGroup []struct {
					SecurityGroupID   string `json:"SecurityGroupId"`
					SecurityGroupName string
				}
			}
		}
		if err := n.ecs(ctx, "DescribeSecurityGroups", q, &answer); err != nil {
			return err
		}
		var ids []string
		for _, g := range answer.SecurityGroups.SecurityGroup {
			if g.SecurityGroupName == n.names.group {
				ids = append(ids, g.SecurityGroupID)
			}
		}
		if len(ids) == 0 {
			return missing("ECS", "DescribeSecurityGroups")
		}
		r.notUnique(KindGroup, n.names.group, len(ids), ids[0])
		n.config.SecurityGroupID = ids[0]
		return nil
	}, func(ctx context.Context) error {
		return n.create(ctx, n.ecs, "CreateSecurityGroup", "SecurityGroupId", &what, url.Values{
			"VpcId": {n.config.VPCID}, "SecurityGroupName": {n.names.group}, "Description": {n.names.group}, "SecurityGroupType": {"normal"},
		})
	})
}
