package alicloud

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// fcVersion is of the API that tells the zones: FC 2.0 (GetAccountSettings). FC 3.0
// has no such operation.
const fcVersion = "2021-04-06"

// fcZones gives the zones of the region in which Function Compute reaches VPCs.
func (c *Client) fcZones(ctx context.Context) ([]string, error) {
	var answer struct {
		AvailableAZs []string `json:"availableAZs"`
	}
	err := c.do(ctx, call{
		service: "FC", action: "GetAccountSettings", method: http.MethodGet,
		host: c.config.AccountID + "." + c.config.Region + ".fc.aliyuncs.com", path: "/" + fcVersion + "/account-settings",
		out: &answer, refusal: refusalFC, sign: c.acs3("GetAccountSettings", fcVersion),
	})
	if err != nil {
		return nil, fmt.Errorf("look for the zones of Function Compute: %w", err)
	}
	zones := slices.DeleteFunc(answer.AvailableAZs, func(z string) bool { return z == "" })
	if len(zones) == 0 {
		return nil, fmt.Errorf("function Compute names no zone of %s in which functions reach a VPC: write vpcConfig in s.yaml, or ask it to open VPC access", c.config.Region)
	}
	return zones, nil
}

// zonesFor gives the zones for a vSwitch, the best first.
func (n *network) zonesFor(ctx context.Context) ([]string, error) {
	zones, err := n.fcZones(ctx)
	if err != nil || !n.files {
		return zones, err
	}
	nas, err := n.nasZones(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(zones, func(a, b string) int { return nas.rank(a) - nas.rank(b) })
	return zones, nil
}

// nasZones are the zones in which a file system for NFS can be, by what it is stored
// on.
type nasZones struct{ performance, capacity []string }

// nasZones asks NAS (DescribeZones of
// https://help.aliyun.com/zh/nas/developer-reference/api-nas-2017-06-26-describezones).
func (c *Client) nasZones(ctx context.Context) (nasZones, error) {
	var answer struct {
		Zones struct {
			Zone []struct {
				ZoneID        string `json:"ZoneId"`
				InstanceTypes struct {
					InstanceType []struct{ StorageType, ProtocolType string }
				}
			}
		}
	}
	var out nasZones
	if err := c.nas(ctx, "DescribeZones", url.Values{"FileSystemType": {"standard"}}, &answer); err != nil {
		return out, fmt.Errorf("look for the zones of NAS: %w", err)
	}
	for _, zone := range answer.Zones.Zone {
		for _, kind := range zone.InstanceTypes.InstanceType {
			switch {
			case !strings.EqualFold(kind.ProtocolType, "nfs"):
			case strings.EqualFold(kind.StorageType, storagePerformance):
				out.performance = append(out.performance, zone.ZoneID)
			case strings.EqualFold(kind.StorageType, storageCapacity):
				out.capacity = append(out.capacity, zone.ZoneID)
			}
		}
	}
	return out, nil
}

// rank is lower for zones that are better for a file system.
func (z nasZones) rank(zone string) int {
	switch {
	case slices.Contains(z.performance, zone):
		return 0
	case slices.Contains(z.capacity, zone):
		return 1
	}
	return 2
}

// place gives the zone and the storage of a new file system: best a zone that the
// vSwitch is in. The mount target of a general-purpose file system may be in another
// zone than the file system.
func (z nasZones) place(near []string) (zone, storage string, ok bool) {
	for _, kind := range []struct {
		storage string
		zones   []string
	}{{storagePerformance, z.performance}, {storageCapacity, z.capacity}} {
		for _, n := range near {
			if slices.Contains(kind.zones, n) {
				return n, kind.storage, true
			}
		}
	}
	if len(z.performance) > 0 {
		return z.performance[0], storagePerformance, true
	}
	if len(z.capacity) > 0 {
		return z.capacity[0], storageCapacity, true
	}
	return "", "", false
}
