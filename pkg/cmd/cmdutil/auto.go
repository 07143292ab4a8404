package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/alicloud"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// PlanAuto is deploy.Plan for a resource of which some may be "auto": what is there
// of that is looked for, with read calls alone, and what is missing is the first
// part of the plan. hide is as for Changes.Redact. The second result is nil if
// nothing is "auto".
func PlanAuto(ctx context.Context, target *Target, r *spec.Resource, desired deploy.Desired, actual deploy.Actual,
	scope deploy.Scope, hide func(string) string,
) (*deploy.Changes, *alicloud.Plan, error) {
	var auto *alicloud.Plan
	blocks, domain := r.Auto.Any() && scope.Configures(actual), wantsDomainName(target, r, desired, actual, scope)
	if blocks || domain {
		var err error
		if auto, err = findAuto(ctx, target, r, actual, domain); err != nil {
			return nil, nil, AutoError(fmt.Errorf("%s: %w", r.Name, err), target)
		}
		FillAuto(auto, &desired.Function, &desired.Service)
	}
	plan := deploy.Plan(desired, actual)
	if auto != nil {
		plan.WithAuto(MadeOf(auto.Missing))
	}
	plan.Redact(hide)
	return plan, auto, plan.Limit(scope)
}

// wantsDomainName reports whether the custom domain that is "auto" is to be made: then
// its name has to lead to Function Compute first.
func wantsDomainName(target *Target, r *spec.Resource, desired deploy.Desired, actual deploy.Actual, scope deploy.Scope) bool {
	if r.Auto.Domain == nil || target.Local || target.Auto == nil || !scope.All() {
		return false
	}
	name := domainName(target, r)
	named := func(d fc.CustomDomain) bool { return d.DomainName == name }
	return slices.ContainsFunc(desired.Around.Domains, named) && !slices.ContainsFunc(actual.Around.Domains, named)
}

func findAuto(ctx context.Context, target *Target, r *spec.Resource, actual deploy.Actual, domain bool) (*alicloud.Plan, error) {
	if target.Auto == nil {
		return nil, errors.New("nothing can be made for \"auto\" here")
	}
	if target.Credentials.AccountID == "" {
		return nil, WithHint(ExitFailed, errors.New("the names of what \"auto\" makes need the id of the account, which isn't known"), "s config add, with --AccountID")
	}
	request := alicloud.Request{Function: r.Function.FunctionName, Auto: r.Auto, VPC: r.Function.VPCConfig, Deployed: actual.Function, Domain: domain}
	if r.Service != nil {
		request.Service, request.VPC, request.Deployed = r.Service.ServiceName, r.Service.VPCConfig, nil
		if actual.Service != nil {
			deployed := alicloud.OfService(*actual.Service)
			request.Deployed = &deployed
		}
	}
	return target.Auto(r.Region).Plan(ctx, request)
}

// FillAuto puts what "auto" stands for into the function, or in edition 1.0.0 into a
// copy of the service.
func FillAuto(auto *alicloud.Plan, f *fc.Function, service **fc.Service) {
	if *service == nil {
		auto.Fill(f)
		return
	}
	s := **service
	auto.FillService(&s)
	*service = &s
}

// TellTwice warns of names that aren't unique, of which the first was taken.
func TellTwice(io *iostreams.IOStreams, resource string, auto *alicloud.Plan) {
	if auto == nil {
		return
	}
	for _, t := range auto.Twice {
		io.Errf("warning: %s: %d have the name of the %s %s: %s is taken, the first one; write its id in s.yaml if it is another", resource, t.Count, t.Kind, t.Name, t.Taken)
	}
}

// MadeOf is resources as the ledger has them.
func MadeOf(resources []alicloud.Resource) []deploy.Made {
	var made []deploy.Made
	for _, r := range resources {
		made = append(made, deploy.Made{Kind: string(r.Kind), Name: r.Name, Within: r.Within, Region: r.Region, ID: r.ID})
	}
	return made
}

// MakeAuto makes what is missing of a plan, and tells made of each as soon as it is
// there. What is lasting nothing takes away again.
func MakeAuto(ctx context.Context, target *Target, auto *alicloud.Plan, made func(m deploy.Made, lasting bool)) error {
	return AutoError(auto.Make(ctx, func(r alicloud.Resource) { made(MadeOf([]alicloud.Resource{r})[0], r.Lasting()) }), target)
}

// AutoError gives a refusal of a service beside FC its exit code and a hint.
func AutoError(err error, target *Target) error {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return err
	}
	return WithHint(ExitCloud, err, autoHint(refused, target))
}

func autoHint(refused *alicloud.Error, target *Target) string {
	alias := "these credentials"
	if target.Credentials.Alias != "" {
		alias = "access " + target.Credentials.Alias
	}
	policies := map[string]string{
		"SLS": "AliyunLogFullAccess", "OSS": "AliyunOSSFullAccess", "RAM": "AliyunRAMFullAccess", "ResourceManager": "AliyunRAMFullAccess",
		"VPC": "AliyunVPCFullAccess", "ECS": "AliyunECSFullAccess", "NAS": "AliyunNASFullAccess", "FC": "AliyunFCFullAccess",
	}
	switch {
	case refused.Quota():
		return "delete one that nobody needs, have the quota raised, or write in s.yaml what there is in place of auto"
	case refused.Denied():
		return fmt.Sprintf("%s may not do that: grant it %s, or write in s.yaml what there is in place of auto", alias, policies[refused.Service])
	case refused.Code == "ProjectAlreadyExist" || refused.Code == "BucketAlreadyExists":
		return "somebody else has the name: write in s.yaml another one in place of auto"
	}
	return ""
}

// TellDomain is NameDomain that tells of a domain that is left out.
func TellDomain(io *iostreams.IOStreams, target *Target, r *spec.Resource, desired *deploy.Desired) {
	if !NameDomain(target, r, desired) {
		io.Errf("warning: %s: the name of an \"auto\" domain needs the id of the account, which isn't known: customDomain is left out", r.Name)
	}
}

// localDomains ends the names that custom domains get in the local cloud. All below
// localhost is this machine (RFC 6761).
const localDomains = ".fc.localhost"

// NameDomain gives the custom domain of a resource whose name is "auto" one. It is
// false, and the domain is left out, if the account isn't known.
func NameDomain(target *Target, r *spec.Resource, desired *deploy.Desired) bool {
	if r.Auto.Domain == nil {
		return true
	}
	d := *r.Auto.Domain
	if d.DomainName = domainName(target, r); d.DomainName == "" {
		return false
	}
	desired.AddDomain(d)
	return true
}

// domainName is the name of an "auto" domain; empty if none can be had.
func domainName(target *Target, r *spec.Resource) string {
	service, function := fc.SplitName(r.Function.FunctionName)
	switch {
	case target.Local && service != "":
		function += "." + service
		fallthrough
	case target.Local:
		return strings.ToLower(strings.ReplaceAll(function, "_", "-")) + "." + r.Region + localDomains
	case target.Auto == nil || target.Credentials.AccountID == "":
		return ""
	}
	return target.Auto(r.Region).DomainName(function, service)
}
