package cmdutil

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

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
	known := &handed{}
	runner := plugin.Runner{
		Env: environ(s.Project), Stderr: a.IO.ErrOut, Debug: a.Debug, LookPath: exec.LookPath, Tool: a.IO.Debug().Tool,
		Redact: func(text string) string { return known.redact(s.Project.Redact(text)) },
	}
	if a.Credential != nil {
		runner.Credential = func(ctx context.Context) (map[string]string, error) {
			fields, err := a.Credential(ctx, s.Project)
			known.add(fields)
			return fields, err
		}
	}
	request, err := a.request(s, action, failed)
	if err != nil {
		return fail(err)
	}
	answer, err := runner.Run(ctx, program, request)
	// They may be in its answer, and what is made of that is shown.
	s.Project = s.Project.WithSecrets(known.keys...)
	if err != nil {
		return fail(err)
	}
	return s.take(action, answer)
}

// handed are the keys that a plugin was given while it ran; what it prints of them
// is hidden.
type handed struct {
	mu   sync.Mutex
	keys []string
}

func (h *handed) add(fields map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range []string{"AccessKeySecret", "SecurityToken"} {
		if fields[name] != "" {
			h.keys = append(h.keys, fields[name])
		}
	}
}

func (h *handed) redact(text string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range h.keys {
		text = strings.ReplaceAll(text, key, "***")
	}
	return text
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
