package cmdutil

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"s/pkg/plugin"
	"s/pkg/spec"
)

// plugin runs a plugin and does with the subject what its answer says.
func (a Actions) plugin(ctx context.Context, s *Subject, action spec.Action, failed error) error {
	fail := func(err error) error { return pluginError(action.Plugin, err) }
	finder := plugin.Finder{Dir: s.Project.Dir, Peer: a.PeerPackages, LookPath: exec.LookPath}
	program, err := finder.Find(action.Plugin)
	if err != nil {
		return fail(err)
	}
	a.IO.Errf("> plugin %s", action.Plugin)
	runner := plugin.Runner{
		Env: environ(s.Project), Stderr: a.IO.ErrOut, Redact: s.Project.Redact, Debug: a.Debug, LookPath: exec.LookPath, Tool: a.IO.Debug().Tool,
	}
	if a.Credential != nil {
		runner.Credential = func(ctx context.Context) (map[string]string, error) { return a.Credential(ctx, s.Project) }
	}
	request, err := a.request(s, action, failed)
	if err != nil {
		return fail(err)
	}
	answer, err := runner.Run(ctx, program, request)
	if err != nil {
		return fail(err)
	}
	return s.take(action, answer)
}

// pluginError says what is wrong with a plugin, and what helps.
func pluginError(name string, err error) error {
	var absent *plugin.NotFoundError
	var locked *plugin.NotExecutableError
	var node *plugin.NoNodeError
	hint := ""
	switch {
	case errors.As(err, &absent):
		hint = "write a path from the folder of s.yaml, such as plugin: ./my-plugin.sh; an npm package can be installed there with npm install " + name +
			"; plugins are not fetched from the registry of Serverless Devs"
	case errors.As(err, &locked):
		hint = "chmod +x " + locked.Path
	case errors.As(err, &node):
		hint = "install Node.js 14.18 or later (https://nodejs.org), or write the plugin as a program that speaks JSON"
	}
	err = fmt.Errorf("plugin %s: %w", name, err)
	if hint == "" {
		return err
	}
	return WithHint(ExitFailed, err, hint)
}

// request is the document for a plugin.
func (a Actions) request(s *Subject, action spec.Action, failed error) (plugin.Request, error) {
	p := s.Project
	access := cmp.Or(a.Access, p.Access)
	file, err := filepath.Abs(filepath.Join(p.Dir, filepath.Base(p.File)))
	if err != nil {
		return plugin.Request{}, err
	}
	request := plugin.Request{
		Command: a.Command, When: action.When, Args: action.Args, Cwd: p.Dir,
		Project: plugin.Project{Name: p.Name, File: file, Edition: p.Edition, Access: access},
		Output:  s.Output,
	}
	if request.Args == nil {
		request.Args = map[string]any{}
	}
	if failed != nil {
		request.Error = &plugin.Failure{Message: p.Redact(failed.Error()), ExitCode: exitCode(failed)}
	}
	if r := s.Resource; r != nil {
		request.Resource = &plugin.Resource{Name: r.Name, Component: r.Component, Access: access}
		if request.Props = p.Props(r.Name); request.Props == nil {
			request.Props = map[string]any{}
		}
	}
	return request, nil
}

// take does what an answer says. Other props are checked as the file's are.
func (s *Subject) take(action spec.Action, answer plugin.Answer) error {
	if answer.Output != nil && action.ReplaceOutput {
		var output any
		if err := json.Unmarshal(answer.Output, &output); err != nil {
			return pluginError(action.Plugin, err)
		}
		s.Output, s.Replaced = output, true
	}
	if answer.Props == nil {
		return nil
	}
	if s.Resource == nil {
		return pluginError(action.Plugin, errors.New("it gave props, but a global action has no resource that they could be of"))
	}
	project, diags := s.Project.WithProps(s.Resource.Name, answer.Props, action.Range)
	if diags.HasErrors() {
		return WithCode(ExitSpec, diags)
	}
	s.Project = cmp.Or(project, s.Project)
	s.Resource = s.Project.Find(s.Resource.Name)
	return nil
}
