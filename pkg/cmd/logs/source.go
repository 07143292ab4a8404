package logscmd

import (
	"context"
	"errors"

	"s/pkg/alicloud"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/logs"
	"s/pkg/spec"
)

// reader gives what reads the lines of a function, from where its logConfig says.
func (o *Options) reader(ctx context.Context, one *cmdutil.OneFunction) (*logs.Reader, error) {
	config, err := o.logConfig(ctx, one)
	if err != nil {
		return nil, err
	}
	if config == nil || config.Project == "" || config.Logstore == "" {
		return nil, cmdutil.WithHint(cmdutil.ExitFailed, diag.Errorf("%s has no logConfig, so nothing keeps what it prints", one.Resource.Name),
			o.IO.T("write logConfig: auto in s.yaml, beside the region, and run s deploy: then what it prints is kept.\ns invoke shows the log of its own call in any case"))
	}
	source := o.Source
	if source == nil {
		source = func(target *cmdutil.Target, r *spec.Resource) logs.Source { return target.Auto(r.Region) }
	}
	return &logs.Reader{
		Source: source(one.Target, one.Resource), Project: config.Project, Logstore: config.Logstore, Sleep: o.Sleep,
		Scope: logs.Scope{
			Function: one.Name(), RequestID: o.RequestID, InstanceID: o.InstanceID, Qualifier: o.Qualifier, Search: o.Search, Query: o.Query,
		},
		Partial: func() {
			o.IO.Errf("warning: the log service has not searched everything yet: lines may be missing; a shorter time helps")
		},
	}, nil
}

// logConfig is what is deployed: that of the function or, in edition 1.0.0, of its
// service.
func (o *Options) logConfig(ctx context.Context, one *cmdutil.OneFunction) (*fc.LogConfig, error) {
	if one.Resource.Service == nil {
		f, err := one.Client.GetFunction(ctx, one.Name(), "")
		if err != nil {
			return nil, err
		}
		o.timeout = f.Timeout
		return f.LogConfig, nil
	}
	o.timeout = one.Resource.Function.Timeout
	service, _ := fc.SplitName(one.Name())
	s, err := one.Client.GetService(ctx, service)
	if err != nil {
		return nil, err
	}
	return s.LogConfig, nil
}

// slsError gives a refusal of the log service its exit code and a hint.
func (o *Options) slsError(err error, one *cmdutil.OneFunction, reader *logs.Reader) error {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return err
	}
	return cmdutil.WithHint(cmdutil.ExitCloud, err, o.slsHint(refused, one, reader))
}

func (o *Options) slsHint(refused *alicloud.Error, one *cmdutil.OneFunction, reader *logs.Reader) string {
	switch code := refused.Code; {
	case code == "ProjectNotExist" || code == "LogStoreNotExist":
		return o.IO.T("the logConfig of %s names the logstore %s of the project %s, which isn't there: make it, or write logConfig: auto and run s deploy",
			one.Resource.Name, reader.Logstore, reader.Project)
	case code == "IndexConfigNotExist":
		return o.IO.T("nothing is found without an index: make one for the full text of the logstore %s, in the console of SLS or with logConfig: auto", reader.Logstore)
	case refused.Denied():
		return o.IO.T("access %s may not read logs: grant it AliyunLogReadOnlyAccess, or choose another one with -a", one.Target.Credentials.Alias)
	case code == "RequestTimeExpired":
		return o.IO.T("the clock of this machine isn't the service's: set it, or let it be set (timedatectl set-ntp true)")
	case code == "ParameterInvalid" || code == "InvalidQueryString":
		return o.IO.T("--query takes a condition in the search syntax of SLS: words, \"words in quotes\", field: value, and, or, not, brackets")
	}
	return ""
}
