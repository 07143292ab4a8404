package control

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"s/pkg/local/reply"
)

// write sends a document. FC 2.0 gives every one a tag that If-Match can name.
func (c *call) write(out answer) {
	body, err := json.Marshal(out.doc)
	if err != nil {
		reply.Error(c.w, err)
		return
	}
	if c.v2() {
		c.w.Header().Set("Etag", tag(body))
	}
	reply.Bytes(c.w, out.status, body)
}

// ifMatch refuses a change of a resource that isn't what the client saw.
func (c *call) ifMatch(current any) error {
	want := c.r.Header.Get("If-Match")
	if want == "" || want == "*" || !c.v2() {
		return nil
	}
	body, err := json.Marshal(current)
	if err != nil {
		return err
	}
	if strings.Trim(want, `"`) != tag(body) {
		return precondition()
	}
	return nil
}

func tag(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}
