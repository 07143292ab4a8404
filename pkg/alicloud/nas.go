package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// nasVersion is of NAS, which speaks RPC at a host per region
// (https://help.aliyun.com/zh/nas/developer-reference/api-nas-2017-06-26-overview).
const nasVersion = "2017-06-26"

// What general-purpose file systems are stored on (CreateFileSystem).
const (
	storagePerformance = "Performance"
	storageCapacity    = "Capacity"
)

const (
	// accessGroup lets all of a VPC in; every account has it.
	accessGroup = "DEFAULT_VPC_GROUP_NAME"
	// longestServer is the limit of FC on serverAddr, in bytes.
	longestServer = 128
)

func (c *Client) nas(ctx context.Context, action string, parameters url.Values, out any) error {
	return c.regional(ctx, "NAS", "nas", nasVersion, action, parameters, out)
}

// files is nasConfig: a file system with a mount target in the VPC.
type files struct {
	*Client
	names   names
	network *network
	have    *fc.NASConfig // what is deployed
	dir     string        // on the file system
	mounted string
	id      string // of the file system, once it is known
	domain  string // of the mount target, once it is known
}

func newFiles(c *Client, q Request, n *network, deployed *fc.NASConfig) *files {
	f := &files{Client: c, names: c.names(q), network: n}
	if deployed != nil && len(deployed.MountPoints) > 0 {
		f.have = deployed
	}
	f.dir, f.mounted = cmp.Or(q.Auto.NAS["nasDir"], f.names.filesDir), cmp.Or(q.Auto.NAS["mountDir"], f.names.filesMounted)
	return f
}

// fill has a folder of this machine at the local cloud, which tells folders by the
// name of the server.
func (f *files) fill(to *fc.Function) {
	if f.have != nil {
		to.NASConfig = f.have
		return
	}
	server := cmp.Or(f.domain, Unmade)
	if f.config.Local {
		server = strings.ToLower(f.names.files) + "." + f.config.Region + ".nas.localhost"
	}
	server += ":/" + strings.TrimPrefix(f.dir, "/")
	to.NASConfig = &fc.NASConfig{
		UserID: f.names.filesUser, GroupID: f.names.filesUser,
		MountPoints: []fc.NASMount{{ServerAddr: server[:min(len(server), longestServer)], MountDir: f.mounted}},
	}
}

func (f *files) ensure(ctx context.Context, r *run) error {
	if f.have != nil || f.config.Local {
		return nil
	}
	if err := f.ensureSystem(ctx, r); err != nil {
		return err
	}
	target := Resource{Kind: KindTarget, Name: cmp.Or(f.network.given.VPCID, f.names.vpc), Within: f.names.files}
	if f.id == "" || f.network.config.VPCID == "" || len(f.network.config.VSwitchIDs) == 0 {
		r.lacks(target) // a dry run: what it is of isn't there
		return nil
	}
	return f.ensureTarget(ctx, r, target)
}

// fileSystem is one in the answer of DescribeFileSystems.
type fileSystem struct {
	FileSystemID   string `json:"FileSystemId"`
	Description    string
	FileSystemType string
	ProtocolType   string
	Status         string
	MeteredSize    int64 // bytes
	MountTargets   struct{ MountTarget []mountTarget }
}

// mountTarget is one in the answers of DescribeFileSystems and DescribeMountTargets.
type mountTarget struct {
	MountTargetDomain string
	Status            string
	VPCID             string `json:"VpcId"`
}

// systems gives the general-purpose file systems for NFS that have the name.
func (f *files) systems(ctx context.Context) ([]fileSystem, error) {
	var found []fileSystem
	err := pages(url.Values{"FileSystemType": {"standard"}}, func(q url.Values) (int, int, error) {
		var answer struct {
			TotalCount  int
			FileSystems struct{ FileSystem []fileSystem }
		}
		err := f.nas(ctx, "DescribeFileSystems", q, &answer)
		for _, s := range answer.FileSystems.FileSystem {
			if s.Description == f.names.files && s.Status != leaving && strings.EqualFold(s.ProtocolType, "NFS") && cmp.Or(s.FileSystemType, "standard") == "standard" {
				found = append(found, s)
			}
		}
		return answer.TotalCount, len(answer.FileSystems.FileSystem), err
	})
	return found, err
}

func (f *files) ensureSystem(ctx context.Context, r *run) error {
	what := &Resource{Kind: KindFiles, Name: f.names.files}
	return r.ensure(ctx, what, func(ctx context.Context) error {
		found, err := f.systems(ctx)
		if err != nil {
			return err
		}
		i := f.best(found, what.ID)
		if i < 0 {
			return missing("NAS", "DescribeFileSystems")
		}
		r.notUnique(KindFiles, f.names.files, len(found), found[i].FileSystemID)
		f.id = found[i].FileSystemID
		if s := found[i].Status; s != "" && s != "Running" {
			return fmt.Errorf("%w: its status is %s", errNotReady, s)
		}
		return nil
	}, func(ctx context.Context) error {
		zones, err := f.nasZones(ctx)
		if err != nil {
			return err
		}
		near, err := f.network.near(ctx)
		if err != nil {
			return err
		}
		zone, storage, ok := zones.place(near)
		if !ok {
			return fmt.Errorf("NAS has no zone in %s for a file system that NFS reaches: write nasConfig in s.yaml", f.config.Region)
		}
		return f.create(ctx, f.nas, "CreateFileSystem", "FileSystemId", what, url.Values{
			"FileSystemType": {"standard"}, "ProtocolType": {"NFS"}, "StorageType": {storage}, "ZoneId": {zone}, "Description": {f.names.files},
		})
	})
}

// best gives the file system of an id, or of several the first that has a mount
// target in the VPC, or the first; -1 if there is none.
func (f *files) best(found []fileSystem, id string) int {
	if id != "" {
		return slices.IndexFunc(found, func(s fileSystem) bool { return s.FileSystemID == id })
	}
	i := slices.IndexFunc(found, func(s fileSystem) bool {
		return slices.ContainsFunc(s.MountTargets.MountTarget, func(t mountTarget) bool { return t.VPCID == f.network.config.VPCID && t.VPCID != "" })
	})
	if i < 0 && len(found) > 0 {
		return 0
	}
	return i
}

// near gives the zones of the vSwitches.
func (n *network) near(ctx context.Context) ([]string, error) {
	if len(n.zones) > 0 || n.config.VPCID == "" {
		return n.zones, nil
	}
	all, err := n.vSwitches(ctx)
	for _, v := range all {
		if slices.Contains(n.config.VSwitchIDs, v.VSwitchID) {
			n.zones = append(n.zones, v.ZoneID)
		}
	}
	return n.zones, err
}

// targets gives the mount targets of a file system.
func (c *Client) targets(ctx context.Context, system string) ([]mountTarget, error) {
	var found []mountTarget
	err := pages(url.Values{"FileSystemId": {system}}, func(q url.Values) (int, int, error) {
		var answer struct {
			TotalCount   int
			MountTargets struct{ MountTarget []mountTarget }
		}
		err := c.nas(ctx, "DescribeMountTargets", q, &answer)
		found = append(found, answer.MountTargets.MountTarget...)
		return answer.TotalCount, len(answer.MountTargets.MountTarget), err
	})
	return found, err
}

// ensureTarget takes a mount target of the file system in the VPC. CreateMountTarget
// has no token, so it is looked for before it is tried again.
func (f *files) ensureTarget(ctx context.Context, r *run, what Resource) error {
	vpc := f.network.config.VPCID
	return r.ensure(ctx, &what, func(ctx context.Context) error {
		found, err := f.targets(ctx, f.id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found, func(t mountTarget) bool { return t.VPCID == vpc && t.Status != "Inactive" && t.Status != leaving })
		if i < 0 {
			return missing("NAS", "DescribeMountTargets")
		}
		f.domain = found[i].MountTargetDomain
		if s := found[i].Status; s != "" && s != "Active" {
			return fmt.Errorf("%w: its status is %s", errNotReady, s)
		}
		return nil
	}, func(ctx context.Context) error {
		var answer struct{ MountTargetDomain string }
		err := f.nas(ctx, "CreateMountTarget", url.Values{
			"FileSystemId": {f.id}, "AccessGroupName": {accessGroup}, "NetworkType": {"Vpc"}, "VpcId": {vpc}, "VSwitchId": {f.network.config.VSwitchIDs[0]},
		}, &answer)
		what.ID = f.id + "/" + answer.MountTargetDomain
		return err
	})
}

// deleteTarget deletes a mount target and waits until it is gone: its file system and
// its vSwitch can't go before.
func (c *Client) deleteTarget(ctx context.Context, id string) error {
	system, domain, ok := strings.Cut(id, "/")
	if !ok {
		return errors.New("its id isn't known")
	}
	if err := c.nas(ctx, "DeleteMountTarget", url.Values{"FileSystemId": {system}, "MountTargetDomain": {domain}}, nil); err != nil {
		return err
	}
	return c.gone(ctx, func(ctx context.Context) (bool, error) {
		found, err := c.targets(ctx, system)
		return slices.ContainsFunc(found, func(t mountTarget) bool { return t.MountTargetDomain == domain }), err
	})
}

// deleteFiles deletes a file system that has no files. NAS counts them by the hour.
func (c *Client) deleteFiles(ctx context.Context, id string) error {
	var answer struct {
		FileSystems struct{ FileSystem []fileSystem }
	}
	if err := c.nas(ctx, "DescribeFileSystems", url.Values{"FileSystemId": {id}}, &answer); err != nil {
		return err
	}
	for _, s := range answer.FileSystems.FileSystem {
		if s.MeteredSize > 0 {
			return fmt.Errorf("%w: it has %s bytes of files", ErrInUse, strconv.FormatInt(s.MeteredSize, 10))
		}
	}
	return c.nas(ctx, "DeleteFileSystem", url.Values{"FileSystemId": {id}}, nil)
}
