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
	EnvNetwork  = "FC_GENERATE_VPC_AND_NAS_NAME" // of the VPC and of all that belongs to it
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

// The user and group of files in edition 1.0.0; 0 in 3.0.0.
const filesUserV1 = 10003

// names are what the resources of one request are called. Those of edition 1.0.0
// are per service or region, those of 3.0.0 per account.
type names struct {
	project, logstore      string
	vpc, vSwitch, group    string
	files                  string // the description of the NAS file system
	filesDir, filesMounted string // the folder on it, and where it is mounted
	filesUser              int
}

// names gives the names that the other tool's components use, so that what they
// made is found.
func (c *Client) names(q Request) names {
	if q.Service != "" {
		generated := "fc-deploy-component-generated-"
		return names{
			project: c.config.AccountID + "-" + c.config.Region + "-logproject", logstore: "fc-service-" + strings.ToLower(q.Service) + "-logstore",
			vpc: generated + "vpc-" + c.config.Region, vSwitch: generated + "vswitch-" + c.config.Region, group: generated + "securityGroup-" + c.config.Region,
			files: "Alibaba-FcDeployComponent-DefaultNas-" + c.config.Region, filesDir: "/" + q.Service, filesMounted: "/mnt/auto", filesUser: filesUserV1,
		}
	}
	network := cmp.Or(c.config.Env(EnvNetwork), "Alibaba-Fc-V3-Component-Generated")
	return names{
		project:  cmp.Or(c.config.Env(EnvProject), c.generated(longestProject)),
		logstore: cmp.Or(c.config.Env(EnvLogstore), defaultLogstore),
		vpc:      network, vSwitch: network, group: network, files: network,
		filesDir: "/" + q.Function, filesMounted: "/mnt/" + q.Function,
	}
}
