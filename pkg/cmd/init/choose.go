package initcmd

import (
	"errors"
	"strings"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/scaffold"
)

// choose gives the template of the command line, or the one that the user picks
// from the menu.
func (opts *Options) choose() (scaffold.Template, error) {
	if opts.Template != "" {
		template, err := scaffold.Find(opts.Template)
		return template, explainUnknown(opts.IO, err)
	}
	templates, err := scaffold.List()
	if err != nil {
		return scaffold.Template{}, err
	}
	if !opts.asks() {
		names := make([]string, 0, len(templates))
		for _, t := range templates {
			names = append(names, t.Name)
		}
		return scaffold.Template{}, cmdutil.WithHint(cmdutil.ExitUsage,
			errors.New(opts.IO.T("no template given: choose one of %s", strings.Join(names, ", "))),
			"s init "+names[0])
	}
	return menu(opts.IO, templates)
}

func explainUnknown(io *iostreams.IOStreams, err error) error {
	var unknown *scaffold.UnknownTemplateError
	if !errors.As(err, &unknown) {
		return err
	}
	if len(unknown.Nearest) == 0 {
		return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(io.T("unknown template %q", unknown.Name)), "s init --list")
	}
	return cmdutil.WithHint(cmdutil.ExitUsage,
		errors.New(io.T("unknown template %q: the nearest are %s", unknown.Name, strings.Join(unknown.Nearest, ", "))),
		"s init "+unknown.Nearest[0])
}

// menu asks for the language, the kind and the template. A question with only
// one answer isn't asked, but the last: it shows what one gets.
func menu(io *iostreams.IOStreams, templates []scaffold.Template) (scaffold.Template, error) {
	languages := scaffold.Languages(templates)
	at, err := pick(io, io.T("Language"), languages)
	if err != nil {
		return scaffold.Template{}, err
	}
	templates = keep(templates, func(t scaffold.Template) bool { return t.Language == languages[at] })

	kinds := scaffold.Kinds(templates)
	labels := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		labels = append(labels, kindLabel(io, kind))
	}
	if at, err = pick(io, io.T("Kind of function"), labels); err != nil {
		return scaffold.Template{}, err
	}
	templates = keep(templates, func(t scaffold.Template) bool { return t.Kind == kinds[at] })

	names := make([]string, 0, len(templates))
	for _, t := range templates {
		names = append(names, t.Name+" - "+t.Title.In(io.Lang()))
	}
	if at, err = io.Prompter().Select(io.T("Template"), "", names, 0); err != nil {
		return scaffold.Template{}, err
	}
	return templates[at], nil
}

// pick asks for one of options, unless there is only one.
func pick(io *iostreams.IOStreams, message string, options []string) (int, error) {
	if len(options) == 1 {
		return 0, nil
	}
	return io.Prompter().Select(message, "", options, 0)
}

func kindLabel(io *iostreams.IOStreams, kind scaffold.Kind) string {
	switch kind {
	case scaffold.KindEvent:
		return io.T("event - a handler that is called with an event")
	case scaffold.KindHTTP:
		return io.T("http - a handler behind a url")
	default:
		return io.T("custom - a server of your own, such as Flask")
	}
}

func keep(templates []scaffold.Template, wanted func(scaffold.Template) bool) []scaffold.Template {
	var kept []scaffold.Template
	for _, t := range templates {
		if wanted(t) {
			kept = append(kept, t)
		}
	}
	return kept
}
