package invokecmd

import (
	"encoding/json"
	"slices"
	"strings"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/spec"
)

// httpCall makes a request of the event of an HTTP function of FC 2.0, which only its
// trigger calls; nil for other functions.
func (o *Options) httpCall(r *spec.Resource, event []byte) (*fcclient.HTTPCall, error) {
	trigger := invoke.HTTPTrigger(r, o.Qualifier)
	if trigger == nil {
		return nil, nil
	}
	if o.async() {
		return nil, cmdutil.UsageError(diag.Errorf("%s is an HTTP function of FC 2.0: s invoke asks its trigger and waits for the answer, it can't be called with --invocation-type async", r.Name))
	}
	call, err := invoke.ReadRequest(event)
	if err != nil {
		return nil, cmdutil.UsageError(diag.Errorf("%s is an HTTP function of FC 2.0: %w", r.Name, err))
	}
	var config fc.HTTPTriggerConfig
	if err := json.Unmarshal([]byte(trigger.TriggerConfig), &config); err != nil {
		return nil, diag.Errorf("%s: trigger %s: %w", r.Name, trigger.TriggerName, err)
	}
	allows := func(method string) bool { return strings.EqualFold(method, call.Method) }
	if len(config.Methods) > 0 && !slices.ContainsFunc(config.Methods, allows) {
		return nil, cmdutil.UsageError(diag.Errorf("trigger %s of %s doesn't have the method %s, it has %s",
			trigger.TriggerName, r.Name, call.Method, strings.Join(config.Methods, ", ")))
	}
	call.Function, call.Qualifier = r.Function.FunctionName, o.Qualifier
	if call.Qualifier == "" && trigger.Qualifier != fc.LatestQualifier {
		call.Qualifier = trigger.Qualifier
	}
	call.Signed = config.AuthType == "function"
	if call.Signed && call.Header.Get("Authorization") != "" {
		return nil, cmdutil.UsageError(diag.Errorf("trigger %s of %s has authType function: s signs the request, so that it can't have an Authorization of its own",
			trigger.TriggerName, r.Name))
	}
	return call, nil
}

// latest gives a resource whose triggers lead to what runs locally: nothing is
// published of it.
func latest(r *spec.Resource) *spec.Resource {
	if !slices.ContainsFunc(r.Triggers, func(t fc.Trigger) bool { return t.Qualifier != "" }) {
		return r
	}
	own := *r
	own.Triggers = slices.Clone(r.Triggers)
	for i := range own.Triggers {
		own.Triggers[i].Qualifier = ""
	}
	return &own
}
