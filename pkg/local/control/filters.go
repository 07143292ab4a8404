package control

import (
	"strings"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// Generations of functions, as the filter fcVersion calls them.
const (
	generation2 = "v2"
	generation3 = "v3"
)

// filter tells which functions a ListFunctions of FC 3.0 asks for. What may
// be anything but isn't said to be compared as a whole is looked for in the text.
func (c *call) filter() (func(*store.Function) bool, error) {
	q := c.r.URL.Query()
	var tags []fc.Tag
	if err := c.queryList("tags", &tags); err != nil {
		return nil, err
	}
	version := q.Get("fcVersion")
	if version != "" && version != generation2 && version != generation3 {
		return nil, invalid("fcVersion must be %s or %s, it is '%s'", generation2, generation3, version)
	}
	same := func(name, value string) bool { return q.Get(name) == "" || q.Get(name) == value }
	within := func(name, text string) bool { return strings.Contains(text, q.Get(name)) }
	return func(f *store.Function) bool {
		fn, generation, gpu := &f.Function, generation3, ""
		if service, _ := fc.SplitName(fn.FunctionName); service != "" {
			generation = generation2
		}
		if fn.GPUConfig != nil {
			gpu = fn.GPUConfig.GPUType
		}
		return same("fcVersion", generation) && same("runtime", fn.Runtime) && same("gpuType", gpu) &&
			same("resourceGroupId", fn.ResourceGroupID) && within("functionName", fn.FunctionName) &&
			within("description", fn.Description) && hasTags(f, tags)
	}, nil
}
