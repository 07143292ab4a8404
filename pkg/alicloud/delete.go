package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"s/pkg/fc"
)

// ErrInUse is wrapped by the error of Delete about something that still has
// something in it, or that others use.
var ErrInUse = errors.New("it is in use")

// Deletable reports whether a resource is deleted by itself; any other goes with
// what it is part of.
func (r Resource) Deletable() bool { return r.Kind != KindIndex && r.Kind != KindPolicy }

// UsedBy reports whether a function uses a resource.
func (r Resource) UsedBy(f fc.Function) bool {
	switch r.Kind {
	case KindProject:
		return f.LogConfig != nil && f.LogConfig.Project == r.Name
	case KindLogstore, KindIndex:
		return f.LogConfig != nil && f.LogConfig.Project == r.Within && f.LogConfig.Logstore == r.Name
	case KindBucket:
		for _, m := range mountsOf(f) {
			if m.BucketName == r.Name {
				return true
			}
		}
	case KindRole, KindPolicy:
		return strings.HasSuffix(f.Role, ":role/"+RoleName)
	}
	return false
}

func mountsOf(f fc.Function) []fc.OSSMount {
	if f.OSSMountConfig == nil {
		return nil
	}
	return f.OSSMountConfig.MountPoints
}

// Delete deletes a resource that Make made, with what is in it but a bucket's
// objects. What is gone already is deleted; the error wraps ErrInUse if something
// keeps it.
func (c *Client) Delete(ctx context.Context, r Resource) error {
	err := c.deleteOne(ctx, r)
	if err == nil || isMissing(err) {
		return nil
	}
	var refused *Error
	if errors.As(err, &refused) && (refused.Status == http.StatusConflict || strings.HasPrefix(refused.Code, "DeleteConflict")) {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return fmt.Errorf("delete the %s %s: %w", r.Kind, r.Name, err)
}

func (c *Client) deleteOne(ctx context.Context, r Resource) error {
	switch r.Kind {
	case KindProject:
		return c.sls(ctx, "DeleteProject", r.Name, http.MethodDelete, "/", nil)
	case KindLogstore:
		return c.sls(ctx, "DeleteLogStore", r.Within, http.MethodDelete, "/logstores/"+r.Name, nil)
	case KindBucket:
		return c.oss(ctx, "DeleteBucket", r.Name, http.MethodDelete, "")
	case KindRole:
		err := c.ram(ctx, "DetachPolicyFromRole", url.Values{"PolicyType": {"System"}, "PolicyName": {rolePolicy}, "RoleName": {r.Name}}, nil)
		if err != nil && !isMissing(err) {
			return err
		}
		return c.ram(ctx, "DeleteRole", url.Values{"RoleName": {r.Name}}, nil)
	}
	return nil // it goes with what it is part of
}
