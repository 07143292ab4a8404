package initcmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
	"s/pkg/scaffold"
)

// parseParameters reads the value of --parameters.
func parseParameters(io *iostreams.IOStreams, text string) (map[string]any, error) {
	values := map[string]any{}
	if strings.TrimSpace(text) == "" {
		return values, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	err := decoder.Decode(&values)
	if err == nil && (values == nil || decoder.More()) {
		err = errors.New(io.T("not one JSON object"))
	}
	if err != nil {
		return nil, cmdutil.WithHint(cmdutil.ExitUsage,
			errors.New(io.T("--parameters must be a JSON object: %s", err)),
			`s init fc-custom-python37-event --parameters '{"region":"cn-hangzhou"}'`)
	}
	return values, nil
}

// ask adds to values the user's answers for what they leave out.
func ask(io *iostreams.IOStreams, template *scaffold.Template, values map[string]any) error {
	for i := range template.Parameters {
		p := &template.Parameters[i]
		if _, given := values[p.Name]; given {
			continue
		}
		value, err := askOne(io, p)
		if err != nil {
			return err
		}
		values[p.Name] = value
	}
	return nil
}

func askOne(io *iostreams.IOStreams, p *scaffold.Parameter) (any, error) {
	title, help := p.Title.In(io.Lang()), p.Description.In(io.Lang())
	if title == "" {
		title = p.Name
	}
	switch p.Type {
	case scaffold.TypeBoolean:
		def, _ := p.Default.(bool)
		return io.Prompter().Confirm(title, def)
	case scaffold.TypeEnum:
		def, _ := p.Default.(string)
		at, err := io.Prompter().Select(title, help, p.Enum, max(0, slices.Index(p.Enum, def)))
		if err != nil {
			return nil, err
		}
		return p.Enum[at], nil
	default:
		def, _ := p.Default.(string)
		return io.Prompter().Input(title, help, def, func(answer string) error {
			if problem := p.Check(answer); problem != nil {
				return errors.New(describe(io, problem))
			}
			return nil
		})
	}
}

// explainValues names every parameter whose value is wrong or missing.
func explainValues(io *iostreams.IOStreams, template *scaffold.Template, err error) error {
	var problems scaffold.ParameterErrors
	if !errors.As(err, &problems) {
		return err
	}
	lines := make([]string, 0, len(problems))
	for _, problem := range problems {
		lines = append(lines, describe(io, problem))
	}
	return cmdutil.WithHint(cmdutil.ExitUsage, errors.New(strings.Join(lines, "\n")), example(template))
}

// describe is the problem in the user's language.
func describe(io *iostreams.IOStreams, p *scaffold.Problem) string {
	near := strings.Join(p.Nearest, ", ")
	switch p.Reason {
	case scaffold.Unknown:
		if near != "" {
			return io.T("unknown parameter %q: did you mean %s?", p.Parameter, near)
		}
		return io.T("unknown parameter %q", p.Parameter)
	case scaffold.Missing:
		return io.T("parameter %q is required", p.Parameter)
	case scaffold.NotType:
		if p.Type == scaffold.TypeBoolean {
			return io.T("parameter %q must be true or false, not %s", p.Parameter, p.Shown())
		}
		return io.T("parameter %q must be a string, not %s", p.Parameter, p.Shown())
	case scaffold.NotEnum:
		if near != "" {
			return io.T("parameter %q can't be %s: did you mean %s?", p.Parameter, p.Shown(), near)
		}
		return io.T("parameter %q can't be %s: choose one of %s", p.Parameter, p.Shown(), strings.Join(p.Enum, ", "))
	default:
		rule := p.Rule.In(io.Lang())
		if rule == "" {
			rule = p.Pattern
		}
		return io.T("parameter %q can't be %s: %s", p.Parameter, p.Shown(), rule)
	}
}

// example is a command line with all parameters of the template, its defaults
// as values.
func example(template *scaffold.Template) string {
	var pairs []string
	for _, p := range template.Parameters {
		value := p.Default
		if value == nil {
			value = ""
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			continue
		}
		pairs = append(pairs, `"`+p.Name+`":`+string(encoded))
	}
	return "s init " + template.Name + " --parameters '{" + strings.Join(pairs, ",") + "}'"
}
