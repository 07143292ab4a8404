package cmdutil

import (
	"errors"

	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// TellCode says where the code of a resource is taken from, if it was packed
// anew.
func TellCode(io *iostreams.IOStreams, project *spec.Project, r *spec.Resource, prepared *deploy.Prepared) {
	code := prepared.Desired.Code
	if code == nil || code.Path == "" || code.Reused {
		return
	}
	if prepared.Artifact != "" {
		io.Errf("%s: using the built code in %s", r.Name, Shorten(project.Dir, prepared.Artifact))
	}
	if len(code.LeftOut) > 0 {
		io.Errf("%s: left out of the code: %s", r.Name, joinFew(code.LeftOut))
	}
}

// TellTooLarge says what of a resource's code is large, if that is why it can't
// be packed.
func TellTooLarge(io *iostreams.IOStreams, r *spec.Resource, err error) {
	over := (*bundle.TooLargeError)(nil)
	if !errors.As(err, &over) || over.Report == nil {
		return
	}
	io.Errf("%s: what is large:", r.Name)
	_ = over.Report.Write(io.ErrOut, io) // the error is told in any case
}

// HelpWithFile adds to an error of a file that FC can't hold how it is left out.
func HelpWithFile(io *iostreams.IOStreams, err error) error {
	odd := (*bundle.FileError)(nil)
	if !errors.As(err, &odd) || odd.Rule == "" {
		return err
	}
	return WithHint(ExitFailed, err, io.T("leave it out of the code by a line in .fcignore: %s", odd.Rule))
}
