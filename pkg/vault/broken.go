package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

var yamlLine = regexp.MustCompile(`\bline (\d+)\b`)

// BadYAML says at which line a file isn't what it should be. The parser's own
// words aren't used: they quote what it couldn't read, which may be a secret.
func BadYAML(path string, err error, want string) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		path += ":" + m[1]
	}
	return fmt.Errorf("%s: this isn't %s", path, want)
}

// BadJSON is BadYAML for an error of encoding/json about data.
func BadJSON(path string, data []byte, err error, want string) error {
	var offset int64 = -1
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	if offset >= 0 && offset <= int64(len(data)) {
		path = fmt.Sprintf("%s:%d", path, 1+bytes.Count(data[:offset], []byte("\n")))
	}
	return fmt.Errorf("%s: this isn't %s", path, want)
}
