package registry

import (
	"encoding/json"
	"os"

	"s/pkg/atomicfile"
)

// record is what was pushed under a reference last.
type record struct {
	Reference string `json:"reference"`
	ID        string `json:"id"` // of the image on this machine
	Digest    string `json:"digest"`
}

// pushed is the digest of an image that was pushed under a reference; empty if it
// was another one. A file that can't be read is as none: then it is pushed again,
// which changes nothing.
func (p *Pusher) pushed(reference, id string) string {
	data, err := os.ReadFile(p.remembered(reference))
	var r record
	if err != nil || json.Unmarshal(data, &r) != nil || r.Reference != reference || r.ID != id {
		return ""
	}
	return r.Digest
}

func (p *Pusher) remember(reference, id, digest string) error {
	data, err := json.Marshal(record{reference, id, digest})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	return atomicfile.Write(p.remembered(reference), append(data, '\n'), atomicfile.Options{Mode: 0o644})
}
