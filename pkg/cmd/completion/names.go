package completion

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/access"
	"s/pkg/scaffold"
)

// TemplateNames gives the names of all templates.
func TemplateNames() []string {
	templates, err := scaffold.List()
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(templates))
	for _, t := range templates {
		names = append(names, t.Name)
	}
	return names
}

// specNames are the names of s.yaml, in the order in which they are looked for.
func specNames() []string { return []string{"s.yaml", "s.YAML", "s.YML", "s.yml"} }

// ResourceNames gives the names of the resources in the s.yaml at path, which
// may be the file or its folder, in the file's order. It gives none where there
// is no readable s.yaml: completion is silent about errors.
func ResourceNames(path string) []string {
	for _, file := range specFiles(path) {
		if data, err := os.ReadFile(file); err == nil {
			return scanResources(data)
		}
	}
	return nil
}

func specFiles(path string) []string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return []string{path}
	}
	var files []string
	for _, name := range specNames() {
		files = append(files, filepath.Join(path, name))
	}
	return files
}

// scanResources gives the keys directly below the top-level key resources
// (edition 3.0.0) or services (1.0.0). It reads lines, not YAML: a file that is
// being edited, and wrong further down, still completes.
func scanResources(data []byte) []string {
	var names []string
	inside, depth := false, 0
	scanner := bufio.NewScanner(bytes.NewReader(data))
	for scanner.Scan() {
		line := strings.TrimRight(scanner.Text(), " \t\r")
		text := strings.TrimLeft(line, " ")
		if text == "" || text[0] == '#' {
			continue
		}
		indent := len(line) - len(text)
		if indent == 0 {
			key, ok := keyOf(text)
			inside, depth = ok && (key == "resources" || key == "services"), 0
			continue
		}
		if !inside {
			continue
		}
		if depth == 0 {
			depth = indent
		}
		if key, ok := keyOf(text); ok && indent == depth && !slices.Contains(names, key) {
			names = append(names, key)
		}
	}
	return names
}

// keyOf gives the key of a line "key: ...", without quotes.
func keyOf(text string) (string, bool) {
	if quote := text[0]; quote == '"' || quote == '\'' {
		end := strings.IndexByte(text[1:], quote)
		if end < 0 || !strings.HasPrefix(strings.TrimLeft(text[end+2:], " "), ":") {
			return "", false
		}
		return text[1 : end+1], true
	}
	key, rest, found := strings.Cut(text, ":")
	if !found || key == "" || key[0] == '-' || (rest != "" && rest[0] != ' ' && rest[0] != '\t') {
		return "", false
	}
	return strings.TrimRight(key, " "), true
}

// Resources completes the arguments of a command with the resources of the s.yaml
// that the flag --template names, or of the working directory, each of them once.
func Resources(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	left := slices.DeleteFunc(resourcesFor(cmd), func(name string) bool { return slices.Contains(args, name) })
	return startingWith(typed, left), cobra.ShellCompDirectiveNoFileComp
}

// OneResource is Resources for a command that takes one.
func OneResource(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return Resources(cmd, args, typed)
}

func resourcesFor(cmd *cobra.Command) []string {
	path := "."
	if flag := cmd.Flags().Lookup("template"); flag != nil && flag.Value.String() != "" {
		path = flag.Value.String()
	}
	return ResourceNames(path)
}

// Aliases completes the flag --access with what list gives, and the local
// cloud's alias.
func Aliases(list func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		aliases := []string{access.LocalAlias}
		for _, alias := range list() {
			if !slices.Contains(aliases, alias) {
				aliases = append(aliases, alias)
			}
		}
		return startingWith(typed, aliases), cobra.ShellCompDirectiveNoFileComp
	}
}

func startingWith(prefix string, names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
}

// Attach makes the tree below root complete --access with aliases, and the
// arguments of commands with the resources of s.yaml: those whose use says that
// they take some, or one, unless they complete them themselves. After names of
// resources root completes more of them, and the commands that take several.
func Attach(root *cobra.Command, aliases func() []string) error {
	var several []string
	for _, cmd := range root.Commands() {
		if attach(cmd) {
			several = append(several, cmd.Name())
		}
	}
	root.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		known := resourcesFor(cmd)
		if slices.ContainsFunc(args, func(arg string) bool { return !slices.Contains(known, arg) }) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list, directive := Resources(cmd, args, typed)
		if len(args) > 0 {
			list = append(list, startingWith(typed, slices.Clone(several))...)
		}
		return list, directive
	}
	return root.RegisterFlagCompletionFunc("access", Aliases(aliases))
}

// attach gives cmd and those below it their completion, and tells whether cmd
// takes several resources.
func attach(cmd *cobra.Command) bool {
	for _, c := range cmd.Commands() {
		attach(c)
	}
	if cmd.ValidArgsFunction != nil || len(cmd.ValidArgs) > 0 {
		return false
	}
	switch _, takes, _ := strings.Cut(cmd.Use, " "); takes {
	case "[resource]":
		cmd.ValidArgsFunction = OneResource
	case "[resource...]":
		cmd.ValidArgsFunction = Resources
		return true
	}
	return false
}
