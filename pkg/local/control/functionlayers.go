package control

import (
	"encoding/json"
	"slices"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// takeLayers sets the layers of a function to those of a request: ARNs or, as
// answers have them, objects with one. What the function had already it may keep,
// even if the version was deleted.
func (c *call) takeLayers(f *store.Function, given fields) error {
	var list []json.RawMessage
	if has, err := given.take("layers", &list); err != nil || !has {
		return err
	}
	if len(list) > fc.MaxLayers {
		return invalid("layers has %d entries, the limit is %d", len(list), fc.MaxLayers)
	}
	var layers []fc.Layer
	var code []store.Code
	for _, one := range list {
		text, err := layerText(one)
		if err != nil {
			return err
		}
		layer, of, err := c.useLayer(f, text)
		if err != nil {
			return err
		}
		layers, code = append(layers, layer), append(code, of)
	}
	f.Function.Layers, f.LayerCode = layers, code
	return nil
}

func layerText(one json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(one, &text) == nil {
		return text, nil
	}
	var object fc.Layer
	if json.Unmarshal(one, &object) != nil {
		return "", reply.Invalid("field 'layers' must be a list of ARNs")
	}
	return object.ARN, nil
}

// useLayer finds a layer that the function has or that it may have; its code is
// kept until the request is done.
func (c *call) useLayer(f *store.Function, text string) (fc.Layer, store.Code, error) {
	if arn, err := fc.ParseLayerARN(text); err == nil {
		if arn.Region == "" {
			arn.Region = c.region
		}
		had := slices.IndexFunc(f.Function.Layers, func(l fc.Layer) bool { return l.ARN == arn.String() })
		if had >= 0 {
			return f.Function.Layers[had], f.LayerCode[had], nil
		}
	}
	arn, err := c.ownLayer(text)
	if err != nil {
		return fc.Layer{}, store.Code{}, err
	}
	v, release, err := c.cfg.Store.UseLayer(arn.Region, arn.Name, arn.Version)
	if err != nil {
		return fc.Layer{}, store.Code{}, err
	}
	c.releases = append(c.releases, release)
	return fc.Layer{ARN: arn.String(), Size: v.Code.Size}, v.Code, nil
}

// checkLayers: an image has everything in it already.
func checkLayers(f *fc.Function) error {
	if r, _ := fc.LookupRuntime(f.Runtime); r.Container && len(f.Layers) > 0 {
		return invalid("runtime '%s' runs an image and can't have layers", f.Runtime)
	}
	if len(f.Layers) > fc.MaxLayers {
		return invalid("layers has %d entries, the limit is %d", len(f.Layers), fc.MaxLayers)
	}
	return nil
}

// layersV2 gives the ARNs of a function's layers in their old and new forms.
func layersV2(f *fc.Function) (old, arns []string) {
	for _, l := range f.Layers {
		if arn, err := fc.ParseLayerARN(l.ARN); err == nil {
			old = append(old, arn.Old())
		}
		arns = append(arns, l.ARN)
	}
	return old, arns
}
