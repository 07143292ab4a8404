package diag

import (
	"fmt"
	"regexp"
	"strings"
)

// Message is how a summary was made: what it says, apart from what it says it of.
// It can be compared, as findings are.
type Message string // the format, then each argument as its verb prints it; NULs between

// Say makes a message. Its verbs take their arguments in order.
func Say(format string, args ...any) Message {
	var b strings.Builder
	b.WriteString(format)
	for i, v := range verbs.FindAllString(format, -1) {
		b.WriteByte(0)
		if i < len(args) {
			fmt.Fprintf(&b, v, args[i])
		}
	}
	return Message(b.String())
}

// verbs are those of fmt that messages use; a percent sign is none of them.
var verbs = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)

// In gives the text in another language. translate is given the format and, of
// the arguments, what is several words: names stay what they are.
func (m Message) In(translate func(string) string) string {
	parts := strings.Split(string(m), "\x00")
	args, i := parts[1:], -1
	return verbs.ReplaceAllStringFunc(translate(parts[0]), func(string) string {
		if i++; i >= len(args) {
			return ""
		}
		if strings.Contains(args[i], " ") {
			return translate(args[i])
		}
		return args[i]
	})
}

// String is the text in English.
func (m Message) String() string {
	return m.In(func(text string) string { return text })
}

// summary is the summary in the language of a translation. One that was changed
// after it was made stays as it is.
func (d Diagnostic) summary(translate func(string) string) string {
	if translate == nil || d.Message == "" || d.Message.String() != d.Summary {
		return d.Summary
	}
	return d.Message.In(translate)
}
