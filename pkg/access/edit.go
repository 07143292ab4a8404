package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// fieldValue is a field of a profile and what it shall be.
type fieldValue struct {
	name  string
	value any
}

// setFields changes fields of the profile at an index of config.json, and
// nothing else of the file: it belongs to another program, whose next version may
// have fields that we don't know.
func setFields(data []byte, index int, fields []fieldValue) ([]byte, error) {
	start, end, err := profileSpan(data, index)
	if err != nil {
		return nil, err
	}
	object := bytes.Clone(data[start:end])
	for _, f := range fields {
		if object, err = setField(object, f); err != nil {
			return nil, err
		}
	}
	return bytes.Join([][]byte{data[:start], object, data[end:]}, nil), nil
}

var errNoProfile = errors.New("there is no such profile")

// profileSpan finds a profile in the text of config.json.
func profileSpan(data []byte, index int) (start, end int, err error) {
	from, to, err := valueSpan(data, "profiles")
	if err != nil {
		return 0, 0, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data[from:to]))
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
		return 0, 0, errNoProfile
	}
	for i := 0; decoder.More(); i++ {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return 0, 0, err
		}
		if i == index {
			end = from + int(decoder.InputOffset())
			return end - len(value), end, nil
		}
	}
	return 0, 0, errNoProfile
}

// valueSpan finds the value of a key in the text of an object; io.EOF if there is
// no such key. Of several the last counts, as encoding/json has it.
func valueSpan(object []byte, key string) (start, end int, err error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return 0, 0, errNoProfile
	}
	found := false
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return 0, 0, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return 0, 0, err
		}
		if name == json.Token(key) {
			end, found = int(decoder.InputOffset()), true
			start = end - len(value)
		}
	}
	if !found {
		return 0, 0, io.EOF
	}
	return start, end, nil
}

// setField changes or adds a field of an object.
func setField(object []byte, f fieldValue) ([]byte, error) {
	value, err := json.Marshal(f.value)
	if err != nil {
		return nil, err
	}
	start, end, err := valueSpan(object, f.name)
	switch {
	case err == nil:
		return bytes.Join([][]byte{object[:start], value, object[end:]}, nil), nil
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	// Behind the last field, indented as the CLI writes its file.
	last := len(bytes.TrimRight(object[:len(object)-1], " \t\r\n"))
	added := append([]byte("\n\t\t\t\""+f.name+"\": "), value...)
	if object[last-1] != '{' {
		added = append([]byte(","), added...)
	}
	return bytes.Join([][]byte{object[:last], added, object[last:]}, nil), nil
}
