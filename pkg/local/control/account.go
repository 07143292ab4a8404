package control

import (
	"net/http"

	"s/pkg/fc"
)

// accountRoutesV2 are the operations of FC 2.0 on the account as a whole.
func accountRoutesV2() []route {
	return []route{
		{method: "GET", path: "account-settings", handle: getAccountSettings},
		{method: "GET", path: "reserved-capacities", handle: none("reservedCapacities")}, // nothing can be bought here
		{method: "GET", path: "reservedCapacities", handle: none("reservedCapacities")},
		{method: "POST", path: "tag", handle: tagService},
		{method: "PUT", path: "tag", handle: untagService},
		{method: "DELETE", path: "tag", handle: untagService}, // 2016-08-15, with a body
		{method: "GET", path: "tag", handle: getServiceTags},
		{method: "GET", path: "tags", handle: listTaggedServices},
	}
}

// getAccountSettings tells the zones of the region, of which this machine is the
// only one.
func getAccountSettings(c *call) (answer, error) {
	return ok(map[string]any{"availableAZs": []string{c.region + "-a"}, "defaultRole": ""})
}

// region is one in a list of them; SDKs spell the names in two ways.
type region struct {
	RegionID  string `json:"RegionId"`
	LocalName string `json:"LocalName"`
	Endpoint  string `json:"RegionEndpoint"`

	LowerID        string `json:"regionId"`
	LowerName      string `json:"localName"`
	LowerEndpoints string `json:"regionEndpoint"`
}

// describeRegions lists the regions of Function Compute. All of them are here.
func describeRegions(c *call) (answer, error) {
	var list []region
	for _, name := range fc.Regions() {
		list = append(list, region{name, name, c.cfg.Address, name, name, c.cfg.Address})
	}
	all := map[string]any{"Region": list, "region": list}
	return answer{http.StatusOK, map[string]any{"Regions": all, "regions": all}}, nil
}
