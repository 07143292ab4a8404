package spec

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the fingerprint of a file, as many services want it
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// Largest files, in bytes: that file() takes, and that md5file() reads.
const (
	maxIncluded = 1 << 20
	maxHashed   = 1 << 30
)

// functions are those of the language.
func (r *resolver) functions() map[string]expr.Func {
	value := []expr.Mode{expr.ValueMode}
	either := []expr.Mode{expr.ContextMode}
	return map[string]expr.Func{
		"env":       {Min: 1, Max: 2, Usage: "env('NAME', 'default')", Eval: r.env, Modes: []expr.Mode{expr.TextMode, expr.ValueMode}},
		"file":      {Min: 1, Max: 1, Usage: "file('./path')", Eval: r.includeFile},
		"path":      {Min: 1, Max: 1, Usage: "path('./path')", Eval: r.existingPath},
		"md5file":   {Min: 1, Max: 1, Usage: "md5file('./path')", Eval: r.hashFile},
		"config":    {Min: 1, Max: 1, Usage: "config('AccountID')", Eval: r.config},
		"secret":    {Min: 1, Max: 1, Usage: "secret('NAME')", Eval: r.secret},
		"regex":     {Min: 1, Max: 1, Usage: "regex('deploy|build')", Eval: onlyInKeys},
		"json":      {Min: 1, Max: 1, Usage: "json(file('./data.json'))", Eval: parseJSON, Modes: value},
		"yaml":      {Min: 1, Max: 1, Usage: "yaml(file('./data.yaml'))", Eval: parseYAMLText, Modes: value},
		"base64":    {Min: 1, Max: 1, Usage: "base64('text')", Eval: encodeBase64, Modes: value},
		"str":       {Min: 1, Max: 1, Usage: "str(vars.name)", Eval: toText, Modes: either},
		"env.init":  {Min: 1, Max: 1, Usage: "env.init(vars.name)", Eval: toInt, Modes: either},
		"lower":     {Min: 1, Max: 1, Usage: "lower(vars.name)", Eval: mapText(strings.ToLower), Modes: value},
		"upper":     {Min: 1, Max: 1, Usage: "upper(vars.name)", Eval: mapText(strings.ToUpper), Modes: value},
		"concat":    {Min: 1, Max: -1, Usage: "concat(vars.a, '-', vars.b)", Eval: concat, Modes: value, AnyKind: true},
		"contains":  {Min: 2, Max: 2, Usage: "contains(vars.list, 'element')", Eval: containsPart, Modes: value, AnyKind: true},
		"uuid":      {Usage: "uuid()", Eval: r.uuid},
		"timestamp": {Usage: "timestamp()", Eval: r.timestamp},
	}
}

// env reads an environment variable. An empty one counts as unset, as it does
// for the tools whose files these are.
func (r *resolver) env(args []*expr.Value) (*expr.Value, error) {
	name := args[0].Text
	if text, ok := r.lookupEnv(name); ok && text != "" {
		v := expr.NewString(text)
		v.Secret = looksSecret(name)
		v.Sensitive = v.Secret
		return v, nil
	}
	if len(args) == 2 {
		return args[1], nil
	}
	e := &expr.Error{Kind: expr.NoVariable, Arg: 1, Missing: true, Message: fmt.Sprintf("the environment variable %s is not set", shown(args[0]))}
	if !args[0].Secret {
		e.Hint = fmt.Sprintf("set it, or give a default: ${env('%s', 'value')}", name)
	}
	return nil, e
}

var secretName = regexp.MustCompile(`(?i)secret|passw|token|credential|private|key`)

func looksSecret(name string) bool { return secretName.MatchString(name) }

// includeFile gives the text of a file beside s.yaml.
func (r *resolver) includeFile(args []*expr.Value) (*expr.Value, error) {
	path := absolute(r.folder(), args[0].Text)
	if v, ok := r.files[path]; ok {
		return v, nil
	}
	data, err := readLimited(path, maxIncluded)
	if err != nil {
		return nil, r.fileProblem(args[0], err)
	}
	v := expr.NewString(string(data))
	v.Secret = true
	r.files[path] = v
	return v, nil
}

// existingPath gives the absolute path of a file or folder that exists.
func (r *resolver) existingPath(args []*expr.Value) (*expr.Value, error) {
	path := absolute(r.folder(), args[0].Text)
	if _, err := os.Stat(path); err != nil {
		return nil, r.fileProblem(args[0], err)
	}
	return expr.NewString(path), nil
}

// hashFile gives the MD5 of a file in hex.
func (r *resolver) hashFile(args []*expr.Value) (*expr.Value, error) {
	path := absolute(r.folder(), args[0].Text)
	key := "md5:" + path
	if v, ok := r.files[key]; ok {
		return v, nil
	}
	sum, err := md5OfFile(path)
	if err != nil {
		return nil, r.fileProblem(args[0], err)
	}
	v := expr.NewString(sum)
	r.files[key] = v
	return v, nil
}

func md5OfFile(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errFolder
	case !info.Mode().IsRegular():
		return "", errIrregular
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := md5.New() //nolint:gosec // see the import
	n, err := io.Copy(sum, io.LimitReader(f, maxHashed+1))
	if err == nil && n > maxHashed {
		err = errSize
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

var errIrregular = errors.New("is neither a file nor a folder")

// folder is where the paths in the text that is being evaluated count from: the
// folder of the file that it stands in, which may be one that s.yaml extends.
func (r *resolver) folder() string {
	if r.at.yaml == nil {
		return r.dir
	}
	return r.sourceOf(r.at.yaml).dir
}

// resolvePath makes a path of props absolute. Such paths count from the folder of
// s.yaml, wherever they are written.
func (l *loader) resolvePath(path string) string { return absolute(l.dir, path) }

// placeImage makes the path of an image that is in files absolute.
func (l *loader) placeImage(k *fc.CustomContainerConfig) {
	if k == nil {
		return
	}
	if transport, path, which, ok := fc.LocalImage(k.Image); ok && path != "" {
		k.Image = fc.JoinLocalImage(transport, l.resolvePath(path), which)
	}
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func (r *resolver) fileProblem(arg *expr.Value, err error) error {
	message := "can't be read"
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing:
		message = "doesn't exist"
	case errors.Is(err, fs.ErrPermission):
		message = "may not be read by you"
	case errors.Is(err, errFolder), errors.Is(err, errSize), errors.Is(err, errIrregular):
		message = err.Error()
	}
	e := &expr.Error{Kind: expr.NoFile, Arg: 1, Missing: missing, Message: fmt.Sprintf("the file %s %s", shown(arg), message)}
	if !arg.Secret && !filepath.IsAbs(arg.Text) {
		e.Detail = "paths count from the folder of s.yaml"
		if src := r.sourceOf(r.at.yaml); src.dir != r.dir {
			e.Detail = "paths in a file count from its own folder, that of " + src.file
		}
	}
	return e
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

// seedSize is how much is drawn from Options.Random, in bytes.
const seedSize = 32

// uuid gives a random UUID, version 4 of RFC 9562. It is made of a seed and the
// place where it is asked for, so that loading the file again with the same seed
// gives the same, whatever else is evaluated by then.
func (r *resolver) uuid([]*expr.Value) (*expr.Value, error) {
	if r.seed == nil {
		source := r.opts.Random
		if source == nil {
			source = rand.Reader
		}
		seed := make([]byte, seedSize)
		if _, err := io.ReadFull(source, seed); err != nil {
			return nil, fmt.Errorf("no random bytes for a UUID: %w", err)
		}
		r.seed = seed
	}
	r.at.drawn++
	mac := hmac.New(sha256.New, r.seed)
	place := r.spanRange(r.at.yaml, expr.Span{Start: r.at.offset, End: r.at.offset})
	fmt.Fprintf(mac, "%s\x00%s\x00%d", place, r.at.owner, r.at.drawn)
	b := mac.Sum(nil)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return expr.NewString(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])), nil
}

// timestamp gives the time of loading in UTC as RFC 3339 has it, the same
// throughout a file.
func (r *resolver) timestamp([]*expr.Value) (*expr.Value, error) {
	if r.now.IsZero() {
		r.now = time.Now()
		if r.opts.Now != nil {
			r.now = r.opts.Now()
		}
	}
	return expr.NewString(r.now.UTC().Format(time.RFC3339)), nil
}

func mapText(f func(string) string) func([]*expr.Value) (*expr.Value, error) {
	return func(args []*expr.Value) (*expr.Value, error) { return expr.NewString(f(args[0].Text)), nil }
}

func encodeBase64(args []*expr.Value) (*expr.Value, error) {
	return expr.NewString(base64.StdEncoding.EncodeToString([]byte(args[0].Text))), nil
}

func toText(args []*expr.Value) (*expr.Value, error) { return expr.NewString(args[0].Text), nil }

// toInt gives a whole number; one with a fraction loses it.
func toInt(args []*expr.Value) (*expr.Value, error) {
	text := strings.TrimSpace(args[0].Text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return expr.NewInt(n), nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1<<53 && f < 1<<53 {
		return expr.NewInt(int64(f)), nil
	}
	return nil, &expr.Error{Kind: expr.BadArgument, Arg: 1, Message: fmt.Sprintf("%s is no number", shown(args[0]))}
}

// concat joins texts, or lists.
func concat(args []*expr.Value) (*expr.Value, error) {
	if args[0].Kind == expr.List {
		var items []*expr.Value
		for i, a := range args {
			if a.Kind != expr.List {
				return nil, &expr.Error{Kind: expr.BadArgument, Arg: i + 1, Message: fmt.Sprintf("concat() can't join a list and %s", a.Kind)}
			}
			items = append(items, a.Items...)
		}
		return expr.NewList(items), nil
	}
	var b strings.Builder
	for i, a := range args {
		if !a.IsScalar() {
			return nil, &expr.Error{Kind: expr.BadArgument, Arg: i + 1, Message: fmt.Sprintf("concat() can't join a text and %s", a.Kind)}
		}
		b.WriteString(a.Text)
	}
	return expr.NewString(b.String()), nil
}

// containsPart tells whether a text has another in it, a list an element, or a
// map a key.
func containsPart(args []*expr.Value) (*expr.Value, error) {
	whole, part := args[0], args[1]
	if !part.IsScalar() {
		return nil, &expr.Error{Kind: expr.BadArgument, Arg: 2, Message: fmt.Sprintf("contains() can't look for %s", part.Kind)}
	}
	found := false
	switch whole.Kind {
	case expr.Null:
	case expr.List:
		found = slices.ContainsFunc(whole.Items, func(v *expr.Value) bool { return v.IsScalar() && v.Text == part.Text })
	case expr.Map:
		found = whole.Entry(part.Text) != nil
	default:
		found = strings.Contains(whole.Text, part.Text)
	}
	return expr.NewBool(found), nil
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
