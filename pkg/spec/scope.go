package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"s/pkg/diag"
	"s/pkg/spec/expr"
)

// aliyunCLI in ${} names the profile of the Alibaba Cloud CLI, see
// access.Resolve.
const aliyunCLI = "aliyun-cli"

// maxIncluded is the largest file that file() takes, in bytes.
const maxIncluded = 1 << 20

// scope says what names and functions mean in the resource of that name; owner
// is empty outside of resources.
func (r *resolver) scope(owner string) *expr.Scope {
	return &expr.Scope{
		Path:  func(p *expr.Path) (*expr.Value, error) { return r.path(p, owner) },
		Funcs: r.functions(),
	}
}

// keyScope is the scope of the keys of actions, which have regex() too.
func (r *resolver) keyScope() *expr.Scope {
	s := r.scope("")
	s.Funcs["regex"] = expr.Func{Min: 1, Max: 1, Usage: "regex('deploy|build')", Eval: r.matchCommand}
	return s
}

// path resolves a dotted name.
func (r *resolver) path(p *expr.Path, owner string) (*expr.Value, error) {
	root := p.Segments[0]
	switch root.Name {
	case "vars":
		if r.vars == nil {
			return nil, &expr.Error{Kind: expr.UnknownName, Span: root.Span, Message: "this file has no vars"}
		}
		return r.walk(r.vars, "", p, 1)
	case "cwd":
		if len(p.Segments) == 1 {
			return expr.NewString(r.dir), nil
		}
	case aliyunCLI:
		// ${aliyun-cli} as access is no expression but the name of an alias.
		if len(p.Segments) == 1 {
			return expr.NewString("${" + aliyunCLI + "}"), nil
		}
	case "this", "that":
		if owner == "" {
			return nil, &expr.Error{
				Kind: expr.UnknownName, Span: root.Span,
				Message: fmt.Sprintf("%q means a resource, but this value belongs to none", root.Name),
			}
		}
		return r.resourcePath(owner, p, 1)
	case "resources":
		return r.resources3(p)
	case "components", "self", "shared", "credential":
		return nil, later(root.Span, root.Name)
	}
	if r.edition == Edition1 && r.entries[root.Name] != nil {
		return r.resourcePath(root.Name, p, 1)
	}
	return nil, r.unknownRoot(root)
}

func (r *resolver) unknownRoot(root expr.Segment) error {
	known := []string{"vars", "this", "cwd"}
	if r.edition == Edition1 {
		known = append(known, r.names...)
	} else {
		known = append(known, "resources")
	}
	hint := diag.DidYouMean(root.Name, known)
	for name, fn := range r.functions() {
		if name == root.Name {
			hint = "write ${" + fn.Usage + "}"
		}
	}
	if root.Name == strings.ToUpper(root.Name) {
		hint = fmt.Sprintf("write ${env('%s')} for an environment variable, or $${%s} to keep the text as it is", root.Name, root.Name)
	}
	return &expr.Error{Kind: expr.UnknownName, Span: root.Span, Message: fmt.Sprintf("unknown name %q", root.Name), Hint: hint}
}

func later(span expr.Span, what string) error {
	return &expr.Error{Kind: expr.Unsupported, Span: span, Message: fmt.Sprintf("${%s} is not supported yet", what)}
}

// resources3 resolves resources.NAME.what.
func (r *resolver) resources3(p *expr.Path) (*expr.Value, error) {
	if len(p.Segments) < 2 {
		return nil, &expr.Error{Kind: expr.UnknownName, Message: "resources alone is no value; name one, such as ${resources.NAME.props.region}"}
	}
	seg := p.Segments[1]
	if r.entries[seg.Name] == nil {
		e := &expr.Error{
			Kind: expr.UnknownName, Span: seg.Span, Message: fmt.Sprintf("there is no resource %q", seg.Name),
			Hint: diag.DidYouMean(seg.Name, r.names),
		}
		return nil, e
	}
	return r.resourcePath(seg.Name, p, 2)
}

// resourcePath resolves what follows the name of a resource.
func (r *resolver) resourcePath(name string, p *expr.Path, from int) (*expr.Value, error) {
	entry := r.entries[name]
	if len(p.Segments) <= from {
		return nil, &expr.Error{Kind: expr.UnknownName, Message: fmt.Sprintf("%s alone is no value; name one, such as %s.props.region", p, p)}
	}
	seg := p.Segments[from]
	switch seg.Name {
	case "name":
		return expr.NewString(name), nil
	case "props", "vars", "component":
		n := entry.get(seg.Name)
		if n == nil {
			return nil, r.missing(p, from, entry.keys(), entry)
		}
		return r.walk(n, name, p, from+1)
	case "access":
		if n := entry.get("access"); n != nil {
			return r.walk(n, name, p, from+1)
		}
		return r.walk(r.root.get("access"), "", p, from+1)
	case "output", "info":
		return nil, later(expr.Span{Start: p.Span.Start, End: seg.Span.End}, p.Upto(from+1))
	}
	return nil, r.missing(p, from, []string{"name", "props", "access", "component", "vars"}, entry)
}

// functions are those of the language.
func (r *resolver) functions() map[string]expr.Func {
	return map[string]expr.Func{
		"env":      {Min: 1, Max: 2, Usage: "env('NAME', 'default')", Eval: r.env},
		"file":     {Min: 1, Max: 1, Usage: "file('./path')", Eval: r.includeFile},
		"path":     {Min: 1, Max: 1, Usage: "path('./path')", Eval: r.existingPath},
		"config":   {Min: 1, Max: 1, Usage: "config('AccountID')", Eval: r.credential},
		"regex":    {Min: 1, Max: 1, Usage: "regex('deploy|build')", Eval: onlyInKeys},
		"json":     {Usage: "json('...')", Later: true},
		"yaml":     {Usage: "yaml('...')", Later: true},
		"base64":   {Usage: "base64('...')", Later: true},
		"str":      {Usage: "str('...')", Later: true},
		"secret":   {Usage: "secret('NAME')", Later: true},
		"env.init": {Usage: "env.init('NAME')", Later: true},
	}
}

// env reads an environment variable. An empty one counts as unset, as it does
// for the tools whose files these are.
func (r *resolver) env(args []*expr.Value) (*expr.Value, error) {
	name := args[0].Text
	if r.opts.LookupEnv != nil {
		if text, ok := r.opts.LookupEnv(name); ok && text != "" {
			v := expr.NewString(text)
			v.Secret = looksSecret(name)
			return v, nil
		}
	}
	if len(args) == 2 {
		return args[1], nil
	}
	e := &expr.Error{Kind: expr.NoVariable, Arg: 1, Message: fmt.Sprintf("the environment variable %s is not set", shown(args[0]))}
	if !args[0].Secret {
		e.Hint = fmt.Sprintf("set it, or give a default: ${env('%s', 'value')}", name)
	}
	return nil, e
}

var secretName = regexp.MustCompile(`(?i)secret|passw|token|credential|private|key`)

func looksSecret(name string) bool { return secretName.MatchString(name) }

// includeFile gives the text of a file beside s.yaml.
func (r *resolver) includeFile(args []*expr.Value) (*expr.Value, error) {
	data, err := readLimited(r.resolvePath(args[0].Text), maxIncluded)
	if err != nil {
		return nil, fileProblem(args[0], err)
	}
	v := expr.NewString(string(data))
	v.Secret = true
	return v, nil
}

// existingPath gives the absolute path of a file or folder that exists.
func (r *resolver) existingPath(args []*expr.Value) (*expr.Value, error) {
	path := r.resolvePath(args[0].Text)
	if _, err := os.Stat(path); err != nil {
		return nil, fileProblem(args[0], err)
	}
	return expr.NewString(path), nil
}

// resolvePath makes a path of s.yaml absolute.
func (l *loader) resolvePath(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.dir, path)
}

func fileProblem(arg *expr.Value, err error) error {
	message := "can't be read"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		message = "doesn't exist"
	case errors.Is(err, fs.ErrPermission):
		message = "may not be read by you"
	case errors.Is(err, errFolder), errors.Is(err, errSize):
		message = err.Error()
	}
	e := &expr.Error{Kind: expr.NoFile, Arg: 1, Message: fmt.Sprintf("the file %s %s", shown(arg), message)}
	if !arg.Secret && !filepath.IsAbs(arg.Text) {
		e.Detail = "paths count from the folder of s.yaml"
	}
	return e
}

// credentialFields are those that config() knows.
func credentialFields() []string {
	return []string{"AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"}
}

// credential gives a field of the credentials. All but the account id stay out
// of every message.
func (r *resolver) credential(args []*expr.Value) (*expr.Value, error) {
	field := args[0].Text
	known := false
	for _, f := range credentialFields() {
		known = known || f == field
	}
	if !known {
		return nil, &expr.Error{
			Kind: expr.NoCredential, Arg: 1, Message: fmt.Sprintf("credentials have no field %s", shown(args[0])),
			Hint: diag.DidYouMean(field, credentialFields()),
		}
	}
	text, err := r.lookupCredential(field)
	if err != nil {
		return nil, &expr.Error{Kind: expr.NoCredential, Message: fmt.Sprintf("%s can't be known: %v", field, err)}
	}
	v := expr.NewString(text)
	if field != "AccountID" && text != "" {
		v.Secret = true
		r.secrets = append(r.secrets, text)
	}
	return v, nil
}

func (r *resolver) lookupCredential(field string) (string, error) {
	switch {
	case r.opts.CredentialFor != nil:
		return r.opts.CredentialFor(r.access, field)
	case r.opts.Credential != nil:
		return r.opts.Credential(field)
	}
	return "", errors.New("there are no credentials at hand")
}

func onlyInKeys([]*expr.Value) (*expr.Value, error) {
	return nil, &expr.Error{Kind: expr.BadArgument, Message: "regex() belongs into the keys of actions, such as pre-${regex('deploy|build')}"}
}

// matchCommand tells whether the command that runs matches, anywhere in its
// name.
func (r *resolver) matchCommand(args []*expr.Value) (*expr.Value, error) {
	re, err := regexp.Compile(args[0].Text)
	if err != nil {
		return nil, &expr.Error{Kind: expr.BadArgument, Arg: 1, Message: fmt.Sprintf("%s is no regular expression", shown(args[0]))}
	}
	return expr.NewBool(r.opts.Command != "" && re.MatchString(r.opts.Command)), nil
}

// maxQuoted is how many characters of a value a message shows.
const maxQuoted = 60

// shown quotes a value for a message, unless it is secret.
func shown(v *expr.Value) string {
	if v.Secret {
		return "(secret)"
	}
	text := []rune(v.Text)
	if len(text) > maxQuoted {
		text = append(text[:maxQuoted:maxQuoted], []rune("...")...)
	}
	return fmt.Sprintf("%q", string(text))
}
