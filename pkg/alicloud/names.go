package alicloud

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // names of version 5 are made of it (RFC 9562)
	"fmt"
	"strings"
)

// Lengths to which generated names are cut, in bytes: the limits of SLS and OSS.
const (
	longestProject = 63
	longestBucket  = 58
)

// Variables that name other resources than the generated ones.
const (
	EnvProject  = "FC_GENERATE_PROJECT_NAME"
	EnvLogstore = "FC_GENERATE_LOGSTORE_NAME"
)

// defaultLogstore is the logstore in the generated project.
const defaultLogstore = "default-logs"

// nameID is a UUID of version 5 of a text without a namespace, as npm's
// uuid-by-string makes it: so another tool's resources are found.
func nameID(text string) string {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see the import
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// generated is the name of a project or a bucket of an account in a region.
func (c *Client) generated(longest int) string {
	name := "serverless-" + c.config.Region + "-" + nameID(c.config.AccountID)
	return strings.TrimRight(name[:min(len(name), longest)], "-")
}

func (c *Client) project() string {
	return cmp.Or(c.config.Env(EnvProject), c.generated(longestProject))
}

func (c *Client) logstore() string { return cmp.Or(c.config.Env(EnvLogstore), defaultLogstore) }
