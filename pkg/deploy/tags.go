package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"s/pkg/fc"
)

// Paths of fields that have operations of their own.
const (
	pathTags  = "tags"
	pathGroup = "resourceGroupId"
)

// tagging is what a change of a function has beside an update.
type tagging struct {
	set     []string // keys of tags that are new or have another value
	removed []string // keys
	moved   bool     // to another resource group
	others  bool     // there are fields for an update, too
}

// newTagging sorts the fields of a change.
func newTagging(fields []Field) tagging {
	var t tagging
	for _, f := range fields {
		key, isTag := strings.CutPrefix(f.Path, pathTags+".")
		switch {
		case isTag && f.New == nil:
			t.removed = append(t.removed, key)
		case isTag:
			t.set = append(t.set, key)
		case f.Path == pathGroup:
			t.moved = true
		default:
			t.others = true
		}
	}
	return t
}

func (t tagging) empty() bool { return len(t.set)+len(t.removed) == 0 }

// apply changes the tags of a function. What goes goes first: a function can have
// 20 tags at a time. want has the values: those of fields may be masked.
func (t tagging) apply(ctx context.Context, remote Remote, arn string, want []fc.Tag) error {
	if arn == "" {
		return errors.New("the service doesn't say the ARN of the function, which its tags need")
	}
	if len(t.removed) > 0 {
		if err := remote.UntagFunction(ctx, arn, t.removed); err != nil {
			return err
		}
	}
	if len(t.set) == 0 {
		return nil
	}
	set := make([]fc.Tag, 0, len(t.set))
	for _, tag := range want {
		if slices.Contains(t.set, tag.Key) {
			set = append(set, tag)
		}
	}
	return remote.TagFunction(ctx, arn, set)
}
