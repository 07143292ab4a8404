package preview

import (
	"bytes"
	"encoding/json"

	"go.yaml.in/yaml/v3"
)

// ordered is a YAML node as JSON that keeps the order of its keys.
type ordered struct{ node *yaml.Node }

// MarshalJSON writes the node.
func (o ordered) MarshalJSON() ([]byte, error) {
	switch o.node.Kind {
	case yaml.MappingNode:
		var b bytes.Buffer
		for i := 0; i+1 < len(o.node.Content); i += 2 {
			b.WriteByte("{,"[min(i, 1)])
			for k, part := range []any{o.node.Content[i].Value, ordered{o.node.Content[i+1]}} {
				data, err := marshal(part)
				if err != nil {
					return nil, err
				}
				if k == 1 {
					b.WriteByte(':')
				}
				b.Write(data)
			}
		}
		if b.Len() == 0 {
			b.WriteByte('{')
		}
		b.WriteByte('}')
		return b.Bytes(), nil
	case yaml.SequenceNode:
		items := make([]ordered, 0, len(o.node.Content))
		for _, item := range o.node.Content {
			items = append(items, ordered{item})
		}
		return marshal(items)
	}
	var v any
	if err := o.node.Decode(&v); err != nil {
		return nil, err
	}
	return marshal(v)
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
