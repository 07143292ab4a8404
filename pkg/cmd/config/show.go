package configcmd

import (
	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
)

// view is what is shown of credentials: secrets only as far as they help to
// tell one from another.
type view struct {
	Alias           string `json:"alias"`
	Default         bool   `json:"default"`
	AccountID       string `json:"accountId,omitempty"`
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
	SecurityToken   string `json:"securityToken,omitempty"`
}

func newView(c access.Credentials, def string) view {
	v := view{
		Alias: c.Alias, Default: c.Alias == def, AccountID: c.AccountID,
		AccessKeyID: access.Mask(c.AccessKeyID), AccessKeySecret: access.Mask(c.AccessKeySecret),
	}
	if c.SecurityToken != "" {
		v.SecurityToken = access.Mask(c.SecurityToken)
	}
	return v
}

func (o *Options) get(kept *access.Kept) error {
	alias := o.alias(kept)
	c, ok := kept.Get(alias)
	if !ok {
		return &access.NotFoundError{Alias: alias, Looked: []string{"what s config keeps", "access.yaml"}}
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, newView(c, kept.Default()))
}

func (o *Options) list(kept *access.Kept) error {
	list := []view{}
	for _, alias := range kept.Aliases() {
		if c, ok := kept.Get(alias); ok {
			list = append(list, newView(c, kept.Default()))
		}
	}
	if len(list) == 0 && o.Settings.Output == cmdutil.OutputDefault {
		o.IO.Errf("no credentials are kept")
		return nil
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, list)
}

func (o *Options) remove(kept *access.Kept) error {
	if o.Settings.Access == "" {
		return cmdutil.UsageError(errNoAlias)
	}
	if err := kept.Delete(o.Settings.Access); err != nil {
		return err
	}
	if err := kept.Save(); err != nil {
		return err
	}
	o.IO.Errf("forgotten: %s", o.Settings.Access)
	return nil
}

func (o *Options) rename(kept *access.Kept) error {
	if err := kept.Rename(o.Source, o.Target); err != nil {
		return err
	}
	if err := kept.Save(); err != nil {
		return err
	}
	o.IO.Errf("%s is called %s now", o.Source, o.Target)
	return nil
}

// chooseDefault shows the default alias or changes it.
func (o *Options) chooseDefault(kept *access.Kept) error {
	if o.Settings.Access == "" {
		return cmdutil.Print(o.IO.Out, o.Settings.Output, struct {
			Default string `json:"default"`
		}{kept.Default()})
	}
	if err := kept.SetDefault(o.Settings.Access); err != nil {
		return err
	}
	if err := kept.Save(); err != nil {
		return err
	}
	o.IO.Errf("the default is %s now", o.Settings.Access)
	return nil
}
