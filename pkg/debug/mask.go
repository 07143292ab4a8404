package debug

import (
	"regexp"
	"strings"
)

// Masked stands for a secret.
const Masked = "***"

// secretWord is a name of something that isn't shown. It is matched inside of
// flags, variables, headers.
const secretWord = `(?:password|passwd|passphrase|secret|token|credential|authorization|access_?key|api-?_?key|private_?key|signature)`

var (
	// userinfo is what an address has before its host, a password say; up to the
	// last @ of the word, since passwords may have one.
	userinfo = regexp.MustCompile(`(://)[^\s/'"]*@`)
	// secretValue is NAME=VALUE, NAME: VALUE and --NAME VALUE in a command line;
	// the value may be in quotes.
	secretValue = regexp.MustCompile(`(?i)([\w.-]*` + secretWord + `[\w.-]*["']?\s*[=:]\s*|(?:^|\s)--?[\w.-]*` + secretWord + `[\w.-]*\s+)((?:Bearer|Basic)\s+)?("[^"]*"?|'[^']*'?|[^\s'"&;|]+)`)
	// secretName is the name of a flag whose value is the next argument.
	secretName = regexp.MustCompile(`(?i)^-{1,2}[\w.-]*` + secretWord + `[\w.-]*$`)
	// userPassword is curl's -u user:password, --user=user:password too.
	userPassword = regexp.MustCompile(`(^|\s)(-u|--user|--proxy-user)([= ]?)([^\s:'"]+):[^\s'"]+`)
)

// maskAddresses takes passwords out of the addresses in a text.
func maskAddresses(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return userinfo.ReplaceAllString(text, "${1}"+Masked+"@")
}

// CommandLine shows the arguments of a program in one line, without the values
// that look like secrets by the names before them. An argument of several words
// is quoted; of one with several lines, a script say, the first is shown.
func CommandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		switch {
		case i > 0 && secretName.MatchString(argv[i-1]):
			words[i] = Masked
			continue
		case i > 0 && (argv[i-1] == "-u" || argv[i-1] == "--user"):
			if user, _, ok := strings.Cut(arg, ":"); ok {
				words[i] = user + ":" + Masked
				continue
			}
		}
		line, _, more := strings.Cut(strings.TrimSpace(maskText(arg)), "\n")
		if more {
			line += " …"
		}
		words[i] = quoted(line)
	}
	return strings.Join(words, " ")
}

// maskText takes what looks like a secret out of a command line, or a part of
// one.
func maskText(text string) string {
	text = secretValue.ReplaceAllString(text, "${1}${2}"+Masked)
	text = userPassword.ReplaceAllString(text, "${1}${2}${3}${4}:"+Masked)
	return maskAddresses(text)
}

func quoted(arg string) string {
	if arg != "" && !strings.ContainsAny(strings.ReplaceAll(arg, Masked, ""), " \t\r\n'\"$`;&|<>*") {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
