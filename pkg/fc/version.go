package fc

// Version is a published version: an unchangeable copy of a function's code and
// settings (API 2023-03-30), or of a service with its functions (FC 2.0).
type Version struct {
	VersionID        string `json:"versionId"` // 1, 2, ...; never used twice
	Description      string `json:"description"`
	CreatedTime      string `json:"createdTime"`
	LastModifiedTime string `json:"lastModifiedTime"`
}

// Ways in which an alias of FC 2.0 chooses among its versions (resolvePolicy).
const (
	ResolveRandom  = "Random"
	ResolveContent = "Content"
)

// Alias is a name for a version, and for a share of requests to others.
type Alias struct {
	AliasName   string `json:"aliasName"`
	VersionID   string `json:"versionId"`
	Description string `json:"description"`
	// AdditionalVersionWeight is the share of requests, between 0 and 1, that
	// each of these versions gets; VersionID gets the rest.
	AdditionalVersionWeight map[string]float64 `json:"additionalVersionWeight"`
	// ResolvePolicy is FC 2.0's; empty is ResolveRandom.
	ResolvePolicy string `json:"resolvePolicy,omitempty"`
	// RoutePolicy is FC 2.0's: whose requests get the additional version, with
	// ResolveContent.
	RoutePolicy      *RoutePolicy `json:"routePolicy,omitempty"`
	CreatedTime      string       `json:"createdTime"`
	LastModifiedTime string       `json:"lastModifiedTime"`
}
