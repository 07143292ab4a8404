package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

// Resources gives the resources that a command is about: the one that is named,
// or all of them.
func Resources(project *spec.Project, name string) ([]*spec.Resource, error) {
	if name == "" {
		if len(project.Resources) == 0 {
			return nil, WithCode(ExitSpec, fmt.Errorf("%s has no resources", project.File))
		}
		return project.Resources, nil
	}
	if r := project.Find(name); r != nil {
		return []*spec.Resource{r}, nil
	}
	return nil, UsageError(fmt.Errorf("%s has no resource %q; it has %s", project.File, name, names(project)))
}

// OneResource gives the resource that is named, or the only one.
func OneResource(project *spec.Project, name, command string) (*spec.Resource, error) {
	list, err := Resources(project, name)
	if err != nil {
		return nil, err
	}
	if len(list) > 1 {
		return nil, WithHint(ExitUsage, fmt.Errorf("%s has several resources: %s", project.File, names(project)),
			fmt.Sprintf("s %s %s", command, list[0].Name))
	}
	return list[0], nil
}

func names(project *spec.Project) string {
	list := make([]string, len(project.Resources))
	for i, r := range project.Resources {
		list[i] = r.Name
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// CloudError gives an error of the FC API its exit code and a hint. Errors that
// have one, and interruptions, are left as they are.
func CloudError(err error, target *Target) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var api *fc.APIError
	if errors.As(err, &api) {
		return WithHint(ExitCloud, err, apiHint(api, target))
	}
	var unreachable *fcclient.UnreachableError
	if errors.As(err, &unreachable) {
		hint := "is the network up, and the region right?"
		if target != nil && target.Local {
			hint = "s local status"
		}
		return WithHint(ExitFailed, err, hint)
	}
	return err
}

// apiHint is what helps against the refusals that users meet.
func apiHint(api *fc.APIError, target *Target) string {
	alias := "these credentials"
	if target != nil && target.Credentials.Alias != "" {
		alias = "access " + target.Credentials.Alias
	}
	switch api.Code {
	case fc.CodeInvalidAccessKeyID, fc.CodeSignatureNotMatch:
		return "the key pair of " + alias + " is wrong; choose another one with -a, or -a local"
	case fc.CodeAccessDenied:
		return alias + " may not do that: grant it AliyunFCFullAccess, or choose another one with -a"
	case fc.CodeResourceExhausted, fc.CodeResourceThrottled:
		return "try again later, or raise the quota"
	case fc.CodeFunctionNotFound, fc.CodeServiceNotFound:
		return "s deploy"
	}
	return ""
}
