package alicloudtest

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// thing is something with an id in the services of networks and files.
type thing struct {
	kind    string // vpc, vswitch, group, files, target
	id      string
	name    string
	within  string // the id of what it is in: a VPC, a file system
	vpc     string // of a mount target
	vSwitch string // of a mount target
	zone    string
	cidr    string
	bytes   int64
	looks   int  // for how many looks it isn't ready
	leaving bool // it is gone after as many
}

// AddVPC makes a VPC be there with a range of addresses, and gives its id.
func (s *Server) AddVPC(name, cidr string) string {
	return s.add(thing{kind: "vpc", name: name, cidr: cidr})
}

// AddVSwitch makes a vSwitch be there.
func (s *Server) AddVSwitch(vpc, name, zone, cidr string) string {
	return s.add(thing{kind: "vswitch", name: name, within: vpc, zone: zone, cidr: cidr})
}

// AddGroup makes a security group be there.
func (s *Server) AddGroup(vpc, name string) string {
	return s.add(thing{kind: "group", name: name, within: vpc})
}

// AddFiles makes a general-purpose file system be there, with bytes of files.
func (s *Server) AddFiles(name string, bytes int64) string {
	return s.add(thing{kind: "files", name: name, bytes: bytes})
}

// AddTarget makes a mount target be there, and gives its domain.
func (s *Server) AddTarget(files, vpc string) string {
	return s.add(thing{kind: "target", within: files, vpc: vpc})
}

// Slow makes new things be not ready for a number of looks, and leave as slowly.
func (s *Server) Slow(looks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = looks
}

// Zones replaces the zones of Function Compute, and those of NAS by storage.
func (s *Server) Zones(fc []string, nas map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fcZones, s.nasZones = fc, nas
}

// Use keeps a vSwitch or a security group from being deleted, as the network
// interfaces of a function do.
func (s *Server) Use(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = append(s.used, id)
}

func (s *Server) add(t thing) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.insert(t)
}

// insert gives a thing its id.
func (s *Server) insert(t thing) string {
	s.last++
	prefix := map[string]string{"vpc": "vpc-", "vswitch": "vsw-", "group": "sg-", "files": "fs", "target": t.within + "-"}[t.kind]
	t.id = prefix + strconv.Itoa(s.last)
	if t.kind == "target" {
		t.id += ".cn-hangzhou.nas.aliyuncs.com"
	}
	s.network = append(s.network, &t)
	return t.id
}

// look gives the things of a kind that a filter lets through, each a look nearer to
// being ready or gone.
func (s *Server) look(kind string, filter func(*thing) bool) []*thing {
	var found []*thing
	for _, t := range s.network {
		if t.kind == kind && filter(t) {
			found = append(found, t)
		}
	}
	for _, t := range found {
		t.looks--
	}
	s.network = slices.DeleteFunc(s.network, func(t *thing) bool { return t.leaving && t.looks < 0 })
	return slices.DeleteFunc(found, func(t *thing) bool { return t.leaving && t.looks < 0 })
}

func (t *thing) status(ready string) string {
	if t.leaving && t.kind != "vswitch" {
		return "Deleting"
	}
	if t.looks >= 0 {
		return "Pending"
	}
	return ready
}

// page cuts a list as PageSize and PageNumber say.
func page[T any](all []T, q url.Values) []T {
	size, _ := strconv.Atoi(q.Get("PageSize"))
	number, _ := strconv.Atoi(q.Get("PageNumber"))
	if size == 0 {
		size = 10 // the services' default
	}
	from := min(max(number-1, 0)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// networks answers for VPC, ECS, NAS and Resource Manager. Each needs the region of
// its host.
func (s *Server) networks(service, action, region string, q url.Values) answer {
	if service != "resourcemanager" && q.Get("RegionId") != region {
		return refuse(http.StatusNotFound, "InvalidRegionId.NotFound")
	}
	token := action + " " + q.Get("ClientToken")
	if a, done := s.tokens[token]; done && q.Get("ClientToken") != "" {
		return a
	}
	handle, known := map[string]func(url.Values) answer{
		"vpc DescribeVpcs": s.describeVPCs, "vpc CreateVpc": s.createVPC, "vpc DeleteVpc": s.deleteVPC,
		"vpc DescribeVSwitches": s.describeVSwitches, "vpc CreateVSwitch": s.createVSwitch, "vpc DeleteVSwitch": s.deleteVSwitch,
		"ecs DescribeSecurityGroups": s.describeGroups, "ecs CreateSecurityGroup": s.createGroup, "ecs DeleteSecurityGroup": s.deleteGroup,
		"nas DescribeZones": s.describeZones, "nas DescribeFileSystems": s.describeFiles, "nas CreateFileSystem": s.createFiles, "nas DeleteFileSystem": s.deleteFiles,
		"nas DescribeMountTargets": s.describeTargets, "nas CreateMountTarget": s.createTarget, "nas DeleteMountTarget": s.deleteTarget,
		"resourcemanager CreateServiceLinkedRole": s.createLinked,
	}[service+" "+action]
	if !known {
		return refuse(http.StatusNotFound, "InvalidAction.NotFound")
	}
	a := handle(q)
	if a.code == "" && strings.HasPrefix(action, "Create") {
		s.tokens[token] = a
	}
	return a
}

func is(value, wanted string) bool { return wanted == "" || value == wanted }

func (s *Server) describeVPCs(q url.Values) answer {
	found := s.look("vpc", func(t *thing) bool { return is(t.id, q.Get("VpcId")) && is(t.name, q.Get("VpcName")) })
	var list []any
	for _, t := range page(found, q) {
		list = append(list, map[string]any{"VpcId": t.id, "VpcName": t.name, "CidrBlock": t.cidr, "Status": t.status("Available")})
	}
	return ok(map[string]any{"TotalCount": len(found), "Vpcs": map[string]any{"Vpc": list}})
}

func (s *Server) createVPC(q url.Values) answer {
	if _, err := netip.ParsePrefix(q.Get("CidrBlock")); err != nil {
		return refuse(http.StatusBadRequest, "InvalidParameter")
	}
	id := s.insert(thing{kind: "vpc", name: q.Get("VpcName"), cidr: q.Get("CidrBlock"), looks: s.slow})
	return ok(map[string]any{"VpcId": id})
}

func (s *Server) find(kind, id string) *thing {
	i := slices.IndexFunc(s.network, func(t *thing) bool { return t.kind == kind && t.id == id })
	if i < 0 {
		return nil
	}
	return s.network[i]
}

// has reports whether anything is in something, or uses it.
func (s *Server) has(id string) bool {
	return slices.Contains(s.used, id) || slices.ContainsFunc(s.network, func(t *thing) bool { return t.within == id || t.vSwitch == id })
}

// leave deletes something in the time that it takes.
func (s *Server) leave(kind, id, missing, held string) answer {
	t := s.find(kind, id)
	switch {
	case t == nil:
		return refuse(http.StatusNotFound, missing)
	case s.has(id):
		return refuse(http.StatusBadRequest, held)
	}
	if t.looks, t.leaving = s.slow, true; s.slow == 0 || kind == "group" {
		s.network = slices.DeleteFunc(s.network, func(o *thing) bool { return o == t })
	}
	return ok(nil)
}

func (s *Server) deleteVPC(q url.Values) answer {
	return s.leave("vpc", q.Get("VpcId"), "InvalidVpcID.NotFound", "DependencyViolation.VSwitch")
}

func (s *Server) describeVSwitches(q url.Values) answer {
	found := s.look("vswitch", func(t *thing) bool { return is(t.within, q.Get("VpcId")) && is(t.id, q.Get("VSwitchId")) })
	var list []any
	for _, t := range page(found, q) {
		list = append(list, map[string]any{
			"VSwitchId": t.id, "VSwitchName": t.name, "VpcId": t.within, "ZoneId": t.zone, "CidrBlock": t.cidr, "Status": t.status("Available"),
		})
	}
	return ok(map[string]any{"TotalCount": len(found), "VSwitches": map[string]any{"VSwitch": list}})
}

func (s *Server) createVSwitch(q url.Values) answer {
	vpc := s.find("vpc", q.Get("VpcId"))
	if vpc == nil || vpc.leaving {
		return refuse(http.StatusNotFound, "InvalidVpcId.NotFound")
	}
	if vpc.looks >= 0 {
		return refuse(http.StatusBadRequest, "IncorrectVpcStatus")
	}
	whole := netip.MustParsePrefix(vpc.cidr)
	own, err := netip.ParsePrefix(q.Get("CidrBlock"))
	if err != nil || own != own.Masked() || !whole.Overlaps(own) || own.Bits() < whole.Bits() || own.Bits() < 16 || own.Bits() > 29 {
		return refuse(http.StatusBadRequest, "InvalidParameter")
	}
	for _, t := range s.network {
		if t.kind == "vswitch" && t.within == vpc.id && netip.MustParsePrefix(t.cidr).Overlaps(own) {
			return refuse(http.StatusBadRequest, "InvalidCidrBlock.Overlapped")
		}
	}
	if q.Get("ZoneId") == "" {
		return refuse(http.StatusNotFound, "InvalidZoneId.NotFound")
	}
	id := s.insert(thing{kind: "vswitch", name: q.Get("VSwitchName"), within: vpc.id, zone: q.Get("ZoneId"), cidr: own.String(), looks: s.slow})
	return ok(map[string]any{"VSwitchId": id})
}

func (s *Server) deleteVSwitch(q url.Values) answer {
	return s.leave("vswitch", q.Get("VSwitchId"), "InvalidVswitchID.NotFound", "DependencyViolation")
}

func (s *Server) describeGroups(q url.Values) answer {
	found := s.look("group", func(t *thing) bool {
		return is(t.within, q.Get("VpcId")) && is(t.name, q.Get("SecurityGroupName")) && is(t.id, q.Get("SecurityGroupId"))
	})
	var list []any
	for _, t := range page(found, q) {
		list = append(list, map[string]any{"SecurityGroupId": t.id, "SecurityGroupName": t.name, "VpcId": t.within})
	}
	return ok(map[string]any{"TotalCount": len(found), "SecurityGroups": map[string]any{"SecurityGroup": list}})
}

func (s *Server) createGroup(q url.Values) answer {
	if s.find("vpc", q.Get("VpcId")) == nil {
		return refuse(http.StatusNotFound, "InvalidVpcId.NotFound")
	}
	return ok(map[string]any{"SecurityGroupId": s.insert(thing{kind: "group", name: q.Get("SecurityGroupName"), within: q.Get("VpcId")})})
}

func (s *Server) deleteGroup(q url.Values) answer {
	return s.leave("group", q.Get("SecurityGroupId"), "InvalidSecurityGroupId.NotFound", "DependencyViolation")
}

func (s *Server) describeZones(url.Values) answer {
	zones := map[string][]any{}
	for storage, names := range s.nasZones {
		for _, name := range names {
			zones[name] = append(zones[name], map[string]any{"StorageType": storage, "ProtocolType": "smb"}, map[string]any{"StorageType": storage, "ProtocolType": "nfs"})
		}
	}
	var list []any
	for _, name := range slices.Sorted(keys(zones)) {
		list = append(list, map[string]any{"ZoneId": name, "InstanceTypes": map[string]any{"InstanceType": zones[name]}})
	}
	return ok(map[string]any{"Zones": map[string]any{"Zone": list}})
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (s *Server) describeFiles(q url.Values) answer {
	found := s.look("files", func(t *thing) bool { return is(t.id, q.Get("FileSystemId")) })
	var list []any
	for _, t := range page(found, q) {
		var targets []any
		for _, o := range s.network {
			if o.kind == "target" && o.within == t.id {
				targets = append(targets, map[string]any{"MountTargetDomain": o.id, "VpcId": o.vpc, "VswId": o.vSwitch})
			}
		}
		list = append(list, map[string]any{
			"FileSystemId": t.id, "Description": t.name, "FileSystemType": "standard", "ProtocolType": "NFS", "ZoneId": t.zone,
			"Status": t.status("Running"), "MeteredSize": t.bytes, "MountTargets": map[string]any{"MountTarget": targets},
		})
	}
	return ok(map[string]any{"TotalCount": len(found), "FileSystems": map[string]any{"FileSystem": list}})
}

func (s *Server) createFiles(q url.Values) answer {
	if q.Get("ProtocolType") != "NFS" || !slices.Contains(s.nasZones[q.Get("StorageType")], q.Get("ZoneId")) {
		return refuse(http.StatusBadRequest, "InvalidAzone.NotFound")
	}
	return ok(map[string]any{"FileSystemId": s.insert(thing{kind: "files", name: q.Get("Description"), zone: q.Get("ZoneId"), looks: s.slow})})
}

func (s *Server) deleteFiles(q url.Values) answer {
	return s.leave("files", q.Get("FileSystemId"), "InvalidFileSystem.NotFound", "OperationDenied.MountTargetExist")
}

func (s *Server) describeTargets(q url.Values) answer {
	if s.find("files", q.Get("FileSystemId")) == nil {
		return refuse(http.StatusNotFound, "InvalidFileSystem.NotFound")
	}
	found := s.look("target", func(t *thing) bool { return t.within == q.Get("FileSystemId") })
	var list []any
	for _, t := range page(found, q) {
		status := t.status("Active")
		list = append(list, map[string]any{"MountTargetDomain": t.id, "VpcId": t.vpc, "VswId": t.vSwitch, "Status": status, "AccessGroup": "DEFAULT_VPC_GROUP_NAME"})
	}
	return ok(map[string]any{"TotalCount": len(found), "MountTargets": map[string]any{"MountTarget": list}})
}

func (s *Server) createTarget(q url.Values) answer {
	files, vSwitch := s.find("files", q.Get("FileSystemId")), s.find("vswitch", q.Get("VSwitchId"))
	switch {
	case files == nil:
		return refuse(http.StatusNotFound, "InvalidFileSystem.NotFound")
	case files.looks >= 0:
		return refuse(http.StatusBadRequest, "OperationDenied.InvalidState")
	case vSwitch == nil || vSwitch.within != q.Get("VpcId") || q.Get("NetworkType") != "Vpc" || q.Get("AccessGroupName") != "DEFAULT_VPC_GROUP_NAME":
		return refuse(http.StatusNotFound, "InvalidVSwitchId.NotFound")
	}
	return ok(map[string]any{"MountTargetDomain": s.insert(thing{kind: "target", within: files.id, vpc: q.Get("VpcId"), vSwitch: vSwitch.id, looks: s.slow})})
}

func (s *Server) deleteTarget(q url.Values) answer {
	return s.leave("target", q.Get("MountTargetDomain"), "InvalidMountTarget.NotFound", "OperationDenied.InUse")
}

func (s *Server) createLinked(q url.Values) answer {
	if q.Get("ServiceName") != "fc.aliyuncs.com" {
		return refuse(http.StatusNotFound, "EntityNotExist.Service")
	}
	return s.make("role AliyunServiceRoleForFC", refuse(http.StatusConflict, "EntityAlreadyExists.Role"))
}

// names gives what there is of networks and files, by names.
func (s *Server) names() []string {
	var out []string
	for _, t := range s.network {
		name := t.name
		if t.within != "" {
			name = fmt.Sprintf("%s/%s", t.within, t.name)
		}
		if t.kind == "target" {
			name = t.within + "/" + t.vpc
		}
		out = append(out, t.kind+" "+name)
	}
	return out
}
