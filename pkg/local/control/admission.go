package control

import (
	"slices"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// HeaderNote says of an answer what FC's has no place for.
const HeaderNote = "X-S-Note"

// noVPC is true of all that can be said of VPCs here.
const noVPC = "kept, without effect: the local cloud has no VPC, and whoever reaches the loopback of this machine may call"

// admissionRoutes are the operations of FC 3.0 on who may call a function.
func admissionRoutes() []route {
	const function = "functions/{function}"
	return []route{
		{method: "GET", path: function + "/vpc-bindings", handle: listVPCBindings},
		{method: "POST", path: function + "/vpc-bindings", handle: createVPCBinding},
		{method: "DELETE", path: function + "/vpc-bindings/{vpc}", handle: deleteVPCBinding},
		{method: "POST", path: function + "/invoke/disable", handle: disableInvocation},
		{method: "POST", path: function + "/invoke/enable", handle: enableInvocation},
	}
}

// admissionRoutesV2 are those of FC 2.0, where VPCs call a service.
func admissionRoutesV2() []route {
	return []route{
		{method: "GET", path: "services/{service}/bindings", handle: listVPCBindings},
		{method: "POST", path: "services/{service}/bindings", handle: createVPCBinding},
		{method: "DELETE", path: "services/{service}/bindings/{vpc}", handle: deleteVPCBinding},
	}
}

func listVPCBindings(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	var ids []string
	if c.v2() {
		svc, err := c.cfg.Store.Service(c.region, c.args["service"])
		if err != nil {
			return answer{}, err
		}
		ids = svc.VPCIDs
	} else {
		ids = c.cfg.Store.Admission(c.region, c.function()).VPCIDs
	}
	if ids == nil {
		ids = []string{}
	}
	c.w.Header().Set(HeaderNote, noVPC)
	return ok(map[string]any{"vpcIds": ids})
}

func createVPCBinding(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	var in struct {
		VPCID string `json:"vpcId"`
	}
	if err := merge(in, given, &in); err != nil {
		return answer{}, err
	}
	if in.VPCID == "" {
		return answer{}, reply.Invalid("vpcId is required")
	}
	return c.changeVPCs(func(ids []string) []string {
		if slices.Contains(ids, in.VPCID) {
			return ids
		}
		return append(ids, in.VPCID)
	})
}

func deleteVPCBinding(c *call) (answer, error) {
	return c.changeVPCs(func(ids []string) []string {
		return slices.DeleteFunc(ids, func(id string) bool { return id == c.args["vpc"] })
	})
}

func (c *call) changeVPCs(change func([]string) []string) (answer, error) {
	var err error
	if c.v2() {
		err = c.cfg.Store.UpdateServiceVPCs(c.region, c.args["service"], change)
	} else {
		_, err = c.cfg.Store.UpdateAdmission(c.region, c.function(), func(a *store.Admission) { a.VPCIDs = change(a.VPCIDs) })
	}
	if err != nil {
		return answer{}, err
	}
	c.w.Header().Set(HeaderNote, noVPC)
	return noContent()
}

// disableInvocation: from now on nobody may call the function, and it has no
// instances, those that are to be there always included.
func disableInvocation(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Reason string `json:"reason"`
		Abort  bool   `json:"abortOngoingRequest"`
	}
	if err := merge(in, given, &in); err != nil {
		return answer{}, err
	}
	return c.restrict(fc.FunctionRestriction{Disable: true, Reason: in.Reason}, in.Abort)
}

func enableInvocation(c *call) (answer, error) {
	if _, err := c.fields(); err != nil { // there are none, but they are signed
		return answer{}, err
	}
	return c.restrict(fc.FunctionRestriction{}, false)
}

func (c *call) restrict(r fc.FunctionRestriction, abort bool) (answer, error) {
	r.LastModifiedTime = c.now()
	_, err := c.cfg.Store.UpdateAdmission(c.region, c.function(), func(a *store.Admission) { a.Restriction = &r })
	if err != nil {
		return answer{}, err
	}
	if c.cfg.Restricted != nil {
		c.cfg.Restricted(c.region, c.function(), abort)
	}
	return ok(map[string]bool{"success": true})
}
