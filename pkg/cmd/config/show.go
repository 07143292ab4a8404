package configcmd

import (
	"context"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
)

// view is what is shown of credentials: secrets only as far as they help to
// tell one from another.
type view struct {
	Alias           string `json:"alias"`
	Default         bool   `json:"default"`
	Kept            string `json:"kept"`
	AccountID       string `json:"accountId,omitempty"`
	AccessKeyID     string `json:"accessKeyId,omitempty"`
	AccessKeySecret string `json:"accessKeySecret,omitempty"`
	SecurityToken   string `json:"securityToken,omitempty"`
}

func newView(c access.Credentials, kept *access.Kept) view {
	return view{
		Alias: c.Alias, Default: c.Alias == kept.Default(), Kept: kept.Place(c.Alias), AccountID: c.AccountID,
		AccessKeyID: masked(c.AccessKeyID), AccessKeySecret: masked(c.AccessKeySecret), SecurityToken: masked(c.SecurityToken),
	}
}

// masked is access.Mask; what isn't there, or wasn't asked for, stays empty.
func masked(secret string) string {
	if secret == "" {
		return ""
	}
	return access.Mask(secret)
}

func (o *Options) get(ctx context.Context, kept *access.Kept) error {
	c, err := kept.Open(ctx, o.alias(kept))
	if err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, newView(c, kept))
}

func (o *Options) list(kept *access.Kept) error {
	list := []view{}
	for _, alias := range kept.Aliases() {
		if c, ok := kept.Get(alias); ok {
			list = append(list, newView(c, kept))
		}
	}
	if len(list) == 0 && o.Settings.Output == cmdutil.OutputDefault {
		o.IO.Errf("no credentials are kept")
		return nil
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, list)
}

func (o *Options) remove(ctx context.Context, home string) error {
	if o.Settings.Access == "" {
		return cmdutil.UsageError(errNoAlias)
	}
	err := access.UpdateKept(ctx, home, o.vault(), func(k *access.Kept) error { return k.Delete(o.Settings.Access) })
	if err != nil {
		return err
	}
	o.IO.Errf("forgotten: %s", o.Settings.Access)
	return nil
}

func (o *Options) rename(ctx context.Context, home string) error {
	err := access.UpdateKept(ctx, home, o.vault(), func(k *access.Kept) error { return k.Rename(o.Source, o.Target) })
	if err != nil {
		return err
	}
	o.IO.Errf("%s is called %s now", o.Source, o.Target)
	return nil
}

// chooseDefault shows the default alias or changes it.
func (o *Options) chooseDefault(ctx context.Context, home string, kept *access.Kept) error {
	if o.Settings.Access == "" {
		return cmdutil.Print(o.IO.Out, o.Settings.Output, struct {
			Default string `json:"default"`
		}{kept.Default()})
	}
	err := access.UpdateKept(ctx, home, o.vault(), func(k *access.Kept) error { return k.SetDefault(o.Settings.Access) })
	if err != nil {
		return err
	}
	o.IO.Errf("the default is %s now", o.Settings.Access)
	return nil
}
