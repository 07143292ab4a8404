package fc

import (
	"fmt"
	"strconv"
	"strings"
)

// OfficialAccount stands in the ARNs of the layers that Function Compute itself
// publishes.
const OfficialAccount = "official"

// LayerVersion is one version of a layer as GetLayerVersion of 2023-03-30
// returns it.
type LayerVersion struct {
	LayerName         string     `json:"layerName"`
	Version           int        `json:"version"`
	LayerVersionARN   string     `json:"layerVersionArn"`
	Description       string     `json:"description"`
	License           string     `json:"license,omitempty"`
	CompatibleRuntime []string   `json:"compatibleRuntime"`
	CodeSize          int64      `json:"codeSize"`     // bytes, of the archive
	CodeChecksum      string     `json:"codeChecksum"` // CRC-64/ECMA, unsigned decimal
	CreateTime        string     `json:"createTime"`   // 2006-01-02T15:04:05Z
	ACL               string     `json:"acl"`          // LayerPrivate or LayerPublic
	Code              *LayerCode `json:"code,omitempty"`
}

// LayerCode is where the archive of a layer version can be fetched, for a while.
type LayerCode struct {
	Location       string `json:"location"`
	RepositoryType string `json:"repositoryType"`
}

// LayerInput is a version of a layer that is to be published (CreateLayerVersion).
type LayerInput struct {
	LayerName         string
	Description       string
	License           string   // FC 3.0 only
	CompatibleRuntime []string // that it is made for
	Code              *Code
}

// LayerFilter chooses layers of a list (ListLayers).
type LayerFilter struct {
	Prefix string
	// Public lists those that everybody may use, Official those of Function Compute
	// itself.
	Public, Official bool
}

// Who may use a layer, as field acl has it (PutLayerACL).
const (
	LayerPrivate = "0"
	LayerPublic  = "1"
)

// LayerARN names a version of a layer.
type LayerARN struct {
	Region  string
	Account string // its number, or OfficialAccount
	Name    string
	Version int
}

// String writes it as acs:fc:<region>:<account>:layers/<name>/versions/<n>.
func (a LayerARN) String() string {
	return fmt.Sprintf("acs:fc:%s:%s:layers/%s/versions/%d", a.Region, a.Account, a.Name, a.Version)
}

// Old writes it as FC 2.0 did at first, <account>#<name>#<n>, where the region
// is that of the request.
func (a LayerARN) Old() string { return fmt.Sprintf("%s#%s#%d", a.Account, a.Name, a.Version) }

// ParseLayerARN reads both forms of an ARN. The old one leaves the region empty.
func ParseLayerARN(text string) (LayerARN, error) {
	if owner, rest, old := strings.Cut(text, "#"); old {
		name, number, _ := strings.Cut(rest, "#")
		return layerARN(text, LayerARN{Account: owner, Name: name}, number)
	}
	parts := strings.Split(text, ":")
	if len(parts) != 5 || parts[0] != "acs" || parts[1] != "fc" || parts[2] == "" {
		return LayerARN{}, badLayerARN(text)
	}
	path := strings.Split(parts[4], "/")
	if len(path) != 4 || path[0] != "layers" || path[2] != "versions" {
		return LayerARN{}, badLayerARN(text)
	}
	return layerARN(text, LayerARN{Region: parts[2], Account: parts[3], Name: path[1]}, path[3])
}

func layerARN(text string, a LayerARN, number string) (LayerARN, error) {
	var err error
	if a.Version, err = strconv.Atoi(number); err != nil || a.Version < 1 || strconv.Itoa(a.Version) != number || a.Account == "" || !IsResourceName(a.Name) {
		return LayerARN{}, badLayerARN(text)
	}
	return a, nil
}

// IsResourceName reports whether a name begins with a letter or _ and has
// letters, digits, _ and - only, as names of functions, services and layers do.
func IsResourceName(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

func badLayerARN(text string) error {
	return fmt.Errorf("layer '%s' is not of the form acs:fc:<region>:<account>:layers/<name>/versions/<number>", text)
}
