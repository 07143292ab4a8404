package spec

import (
	"cmp"
	"slices"
	"strings"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// Auto is what a resource leaves to the deployment to find or to make. In edition
// 1.0.0 the blocks are the service's. A block with parameters ("auto|key=value|...") has them; without any it
// isn't nil but empty.
type Auto struct {
	Log      map[string]string `json:",omitzero"` // logConfig
	OSSMount map[string]string `json:",omitzero"` // ossMountConfig
	NAS      map[string]string `json:",omitzero"` // nasConfig
	// VPC is vpcConfig as far as the file has it: what is empty is left open. It is
	// also set for a NAS without a vpcConfig: mounting takes one.
	VPC *fc.VPCConfig `json:",omitempty"`
	// Role is also set for an OSS mount without a role: mounting takes one, and so
	// does a service of edition 1.0.0 for its logs, network and files.
	Role bool `json:",omitempty"`
	// Linked is set if Function Compute takes the account's service-linked role for
	// logs, network and files, since the function has none.
	Linked bool `json:",omitempty"`
	// Domain is the custom domain, all but its name.
	Domain *fc.CustomDomain `json:",omitempty"`
}

// Any reports whether anything in other services is left to the deployment.
func (a Auto) Any() bool {
	return a.Log != nil || a.OSSMount != nil || a.NAS != nil || a.VPC != nil || a.Role
}

// blocksAuto reads what both editions have, with another name for the vSwitches.
func (p props) blocksAuto(vSwitches string) Auto {
	a := Auto{Log: p.auto("logConfig"), OSSMount: p.auto("ossMountConfig"), NAS: p.auto("nasConfig")}
	switch v := p.sub("vpcConfig"); {
	case isAuto(v.v), a.NAS != nil && !p.has("vpcConfig"):
		a.VPC = &fc.VPCConfig{}
	case v.isMap() && (isAuto(v.v.Get(vSwitches)) || isAuto(v.v.Get("securityGroupId"))):
		a.VPC = &fc.VPCConfig{VPCID: v.text("vpcId")}
		if !isAuto(v.v.Get(vSwitches)) {
			a.VPC.VSwitchIDs = v.texts(vSwitches)
		}
		if !isAuto(v.v.Get("securityGroupId")) {
			a.VPC.SecurityGroupID = v.text("securityGroupId")
		}
	}
	return a
}

// autoOfV1 is about the service.
func autoOfV1(p props) Auto {
	service := p.sub("service")
	a := service.blocksAuto("vswitchIds")
	a.Role = a.Any() && !service.has("role")
	for _, c := range p.list("customDomains") {
		if a.Domain == nil && isAuto(c.v.Get("domainName")) { // there is one at most
			d := c.routedDomains()
			d.DomainName = ""
			a.Domain = &d
		}
	}
	return a
}

func autoOfV3(p props) Auto {
	a := p.blocksAuto("vSwitchIds")
	a.Role = isAuto(p.v.Get("role")) || a.OSSMount != nil && !p.has("role")
	a.Linked = !a.Role && !p.has("role") && a.Any()
	if c := p.sub("customDomain"); c.isMap() && isAuto(c.v.Get("domainName")) {
		d := c.routedDomain()
		d.DomainName = ""
		a.Domain = &d
	}
	return a
}

// auto gives the parameters of a block that is "auto"; nil if it isn't.
func (p props) auto(key string) map[string]string {
	v := p.v.Get(key)
	if !isAuto(v) {
		return nil
	}
	return autoParams(v)
}

// isAuto reports whether a value is "auto" or "auto|...", in any case.
func isAuto(v *expr.Value) bool {
	if v == nil || v.Kind != expr.String {
		return false
	}
	word, _, _ := strings.Cut(v.Text, "|")
	return strings.EqualFold(strings.TrimSpace(word), "auto")
}

// autoParams are the parameters behind "auto"; one without a value is empty.
func autoParams(v *expr.Value) map[string]string {
	params := map[string]string{}
	for _, part := range strings.Split(v.Text, "|")[1:] {
		key, value, _ := strings.Cut(part, "=")
		if key = strings.TrimSpace(key); key != "" {
			params[key] = strings.TrimSpace(value)
		}
	}
	return params
}

// autoParams checks the parameters behind "auto" of a field that makes something.
func (c *checker) autoParams(v *expr.Value, f *field) {
	for key := range autoParams(v) {
		if slices.Contains(f.made, key) {
			continue
		}
		// Another tool may know it: that is no reason not to deploy.
		d := problem(CodeNotApplied, v.Range, "\"auto\" of %s takes no parameter %q: it is left out", f.key, key)
		d.Severity = diag.Warning
		if len(f.made) > 0 {
			d.Hint = cmp.Or(diag.DidYouMean(key, f.made), "its parameters are "+strings.Join(f.made, ", "))
		}
		c.report(d)
	}
}
