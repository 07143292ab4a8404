package alicloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"s/pkg/fc"
)

// RAM speaks RPC at one host for all regions.
const (
	ramHost    = "ram.aliyuncs.com"
	ramVersion = "2015-05-01"
)

// The role that "auto" stands for, and its policy, which the cloud has.
const (
	RoleName   = "AliyunFcDefaultRole"
	rolePolicy = "AliyunFCDefaultRolePolicy"
)

func (c *Client) ram(ctx context.Context, action string, parameters url.Values, out any) error {
	return c.rpc(ctx, "RAM", ramHost, ramVersion, action, parameters, out)
}

// role is the role that a function acts as.
type role struct {
	*Client
	arn  string
	have bool
}

func newRole(c *Client, deployed string) *role {
	if deployed != "" {
		return &role{Client: c, arn: deployed, have: true}
	}
	// The local cloud has roles of every name.
	return &role{Client: c, have: c.config.Local, arn: fmt.Sprintf("acs:ram::%s:role/%s", c.config.AccountID, RoleName)}
}

func (o *role) fill(f *fc.Function) { f.Role = o.arn }

func (o *role) ensure(ctx context.Context, r *run) error {
	if o.have {
		return nil
	}
	name := url.Values{"RoleName": {RoleName}}
	err := r.ensure(ctx, &Resource{Kind: KindRole, Name: RoleName},
		func(ctx context.Context) error { return o.ram(ctx, "GetRole", name, nil) },
		func(ctx context.Context) error {
			return o.ram(ctx, "CreateRole", url.Values{
				"RoleName": {RoleName}, "AssumeRolePolicyDocument": {trust("fc.aliyuncs.com")}, "Description": {"the role of functions of Function Compute"},
			}, nil)
		})
	if err != nil {
		return err
	}
	return r.ensure(ctx, &Resource{Kind: KindPolicy, Name: rolePolicy, Within: RoleName},
		func(ctx context.Context) error { return o.attached(ctx, name) },
		func(ctx context.Context) error {
			return o.ram(ctx, "AttachPolicyToRole", url.Values{"PolicyType": {"System"}, "PolicyName": {rolePolicy}, "RoleName": {RoleName}}, nil)
		})
}

// attached reports a policy that the role doesn't have as missing.
func (o *role) attached(ctx context.Context, name url.Values) error {
	var answer struct {
		Policies struct {
			Policy []struct{ PolicyName string }
		}
	}
	if err := o.ram(ctx, "ListPoliciesForRole", name, &answer); err != nil {
		return err
	}
	if slices.ContainsFunc(answer.Policies.Policy, func(p struct{ PolicyName string }) bool { return p.PolicyName == rolePolicy }) {
		return nil
	}
	return &Error{Service: "RAM", Action: "ListPoliciesForRole", Status: http.StatusNotFound, Code: "EntityNotExist.Role.Policy", Message: "the role doesn't have " + rolePolicy}
}

// The role that Function Compute itself takes, where a function has none: for its
// network, its logs and its image
// (https://help.aliyun.com/zh/functioncompute/fc/service-linked-role-of-function-compute).
const (
	LinkedRoleName = "AliyunServiceRoleForFC"
	linkedService  = "fc.aliyuncs.com"
)

// Resource Manager makes service-linked roles, at one host for all regions
// (https://help.aliyun.com/zh/resource-management/developer-reference/api-resourcemanager-2020-03-31-createservicelinkedrole).
const (
	managerHost    = "resourcemanager.aliyuncs.com"
	managerVersion = "2020-03-31"
)

// linked is the service-linked role. A function doesn't name it.
type linked struct{ *Client }

func (l *linked) fill(*fc.Function) {}

// ensure takes keys that may not look for the role for ones of an account that has
// it: Function Compute says so if it doesn't.
func (l *linked) ensure(ctx context.Context, r *run) error {
	return r.ensure(ctx, &Resource{Kind: KindLinked, Name: LinkedRoleName},
		func(ctx context.Context) error {
			err := l.ram(ctx, "GetRole", url.Values{"RoleName": {LinkedRoleName}}, nil)
			var refused *Error
			if errors.As(err, &refused) && refused.Denied() {
				return nil
			}
			return err
		},
		func(ctx context.Context) error {
			return l.rpc(ctx, "ResourceManager", managerHost, managerVersion, "CreateServiceLinkedRole", url.Values{"ServiceName": {linkedService}}, nil)
		})
}

// trust is the policy that lets a service take a role.
func trust(service string) string {
	document, _ := json.Marshal(map[string]any{ // of strings: it can't fail
		"Version": "1",
		"Statement": []any{map[string]any{
			"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": map[string]any{"Service": []string{service}},
		}},
	})
	return string(document)
}
