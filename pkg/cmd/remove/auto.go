package removecmd

import (
	"context"
	"errors"
	"slices"

	"s/pkg/alicloud"
	"s/pkg/cmd/cmdutil"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// mostListed is how many functions a list of the API has at most.
const mostListed = 100

// auto offers to delete what deployments made for "auto", once none of their
// functions is left.
func (o *Options) auto(ctx context.Context, target *cmdutil.Target) error {
	made := o.ledger.Made()
	if len(made) == 0 || !o.Scope.All() || o.ledger.Functions() > 0 || target.Auto == nil {
		return nil
	}
	o.IO.Errf("earlier deployments made this because s.yaml says auto:")
	for _, m := range made {
		c := m.Change()
		o.IO.Errf("  %s %s (%s)", c.Kind, c.Name, m.Region)
	}
	yes, err := o.wantsAuto()
	if err != nil || !yes {
		return err
	}
	slices.Reverse(made)
	var failed error
	for _, m := range made {
		if err := o.deleteMade(ctx, target, m); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return errors.Join(failed, o.ledger.Save())
}

// wantsAuto asks, unless the flag says it: it is never deleted without either.
func (o *Options) wantsAuto() (bool, error) {
	if o.Auto && o.Yes {
		return true, nil
	}
	if !o.IO.CanPrompt() {
		o.IO.Errf("it stays; `s remove --auto -y` deletes it, with the logs in it")
		return false, nil
	}
	return o.IO.Prompter().Confirm(o.IO.T("Delete that, too, with the logs in it?"), o.Auto)
}

func (o *Options) deleteMade(ctx context.Context, target *cmdutil.Target, m deploy.Made) error {
	r := alicloud.Resource{Kind: alicloud.Kind(m.Kind), Name: m.Name, Within: m.Within, Region: m.Region, ID: m.ID}
	name := m.Change().Name
	if r.Shared() {
		o.IO.Errf("- %s %s stays: it is the whole account's", m.Kind, name)
		o.ledger.ForgetMade(m)
		return nil
	}
	user, err := o.userOf(ctx, target, r)
	if err != nil {
		return err
	}
	if user != "" {
		o.IO.Errf("- %s %s stays: function %s uses it", m.Kind, name, user)
		return nil
	}
	err = target.Auto(m.Region).Delete(ctx, r)
	if errors.Is(err, alicloud.ErrInUse) {
		o.IO.Errf("- %s %s stays: it isn't empty, or others use it", m.Kind, name)
		return nil
	}
	if err != nil {
		o.IO.Errf("%s %s %s failed", o.IO.Red("✖"), m.Kind, name)
		return cmdutil.AutoError(err, target)
	}
	o.ledger.ForgetMade(m)
	if r.Deletable() {
		o.IO.Errf("%s %s %s removed", o.IO.Green("✔"), m.Kind, name)
	}
	return nil
}

// userOf gives a function of the region that uses a resource; empty if none does.
// With more functions than one list has, not all of them can be looked at.
func (o *Options) userOf(ctx context.Context, target *cmdutil.Target, r alicloud.Resource) (string, error) {
	remote, err := target.Client(&spec.Resource{Region: r.Region})
	if err != nil {
		return "", err
	}
	functions, err := remote.ListFunctions(ctx, "", mostListed)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(functions, func(f fc.Function) bool { return r.UsedBy(f) }); i >= 0 {
		return functions[i].FunctionName, nil
	}
	if len(functions) >= mostListed {
		return o.IO.T("one of more than %d, perhaps,", mostListed), nil
	}
	return "", nil
}
