package iostreams

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed catalog/zh.json
var catalogZH []byte

// loadZH parses the Chinese catalogue when the first Chinese message is asked for.
var loadZH = sync.OnceValue(func() map[string]string {
	messages := map[string]string{}
	if err := json.Unmarshal(catalogZH, &messages); err != nil {
		return nil
	}
	return messages
})

// T gives a message in the user's language. The English format is its key in
// the catalogue of every other language; without an entry there it is used as
// it stands.
func (s *IOStreams) T(format string, args ...any) string {
	if s.lang == "zh" {
		if translated, ok := loadZH()[format]; ok {
			format = translated
		}
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Text gives a text in the user's language that has no arguments, or is a format
// whose arguments come later.
func (s *IOStreams) Text(text string) string { return s.T(text) }

// Errf writes a message in the user's language to stderr, with a newline.
func (s *IOStreams) Errf(format string, args ...any) {
	fmt.Fprintln(s.ErrOut, s.T(format, args...))
}
