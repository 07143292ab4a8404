package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// ErrInUse is wrapped by the error of Delete about something that still has
// something in it, or that others use.
var ErrInUse = errors.New("it is in use")

// Deletable reports whether a resource is deleted by itself; any other goes with
// what it is part of.
func (r Resource) Deletable() bool { return r.Kind != KindIndex && r.Kind != KindPolicy }

// Shared reports whether a resource is the whole account's, in all regions, so that
// nothing here can tell who needs it. Delete refuses it.
func (r Resource) Shared() bool { return r.Kind == KindLinked }

// Lasting reports whether nothing takes a resource away again, so that there is no
// need to remember who made it.
func (r Resource) Lasting() bool { return r.Kind == KindDomain }

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
	case KindVPC, KindVSwitch, KindGroup:
		return r.ID != "" && f.VPCConfig != nil &&
			(f.VPCConfig.VPCID == r.ID || f.VPCConfig.SecurityGroupID == r.ID || slices.Contains(f.VPCConfig.VSwitchIDs, r.ID))
	case KindFiles, KindTarget:
		return r.ID != "" && f.NASConfig != nil && slices.ContainsFunc(f.NASConfig.MountPoints, r.serves)
	}
	return false
}

// serves reports whether a mount is of a file system or a mount target. The domain
// of a mount target begins with the id of its file system.
func (r Resource) serves(m fc.NASMount) bool {
	if _, domain, ok := strings.Cut(r.ID, "/"); ok {
		return strings.HasPrefix(m.ServerAddr, domain+":")
	}
	return strings.HasPrefix(m.ServerAddr, r.ID+"-")
}

func mountsOf(f fc.Function) []fc.OSSMount {
	if f.OSSMountConfig == nil {
		return nil
	}
	return f.OSSMountConfig.MountPoints
}

// Delete deletes a resource that Make made, with what is in it but a bucket's
// objects and the files of a file system. What is gone already is deleted; the error
// wraps ErrInUse if something keeps it.
func (c *Client) Delete(ctx context.Context, r Resource) error {
	err := c.deleteOne(ctx, r)
	if err == nil || isMissing(err) {
		return nil
	}
	var refused *Error
	if errors.As(err, &refused) && refused.inUse() {
		return fmt.Errorf("%w: %w", ErrInUse, err)
	}
	return fmt.Errorf("delete the %s %s: %w", r.Kind, r.Name, err)
}

// inUse reports whether a service says that others need something.
func (e *Error) inUse() bool {
	for _, code := range []string{"DeleteConflict", "DependencyViolation", "IncorrectVSwitchStatus", "IncorrectVpcStatus", "OperationDenied.", "OperationConflict", "InvalidOperation.MountTarget"} {
		if strings.HasPrefix(e.Code, code) {
			return true
		}
	}
	return e.Status == http.StatusConflict
}

// gone waits until something that was deleted is no longer there.
func (c *Client) gone(ctx context.Context, there func(context.Context) (bool, error)) error {
	for range looksFiles {
		still, err := there(ctx)
		if err != nil || !still {
			return err
		}
		if err := c.config.Sleep(ctx, lookPause); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: it isn't gone after %s", ErrInUse, looksFiles*lookPause)
}

// deleteVSwitch deletes a vSwitch and waits until it is gone: its VPC can't go
// before.
func (c *Client) deleteVSwitch(ctx context.Context, id string) error {
	if err := c.vpc(ctx, "DeleteVSwitch", url.Values{"VSwitchId": {id}}, nil); err != nil {
		return err
	}
	return c.gone(ctx, func(ctx context.Context) (bool, error) {
		var answer struct{ TotalCount int }
		err := c.vpc(ctx, "DescribeVSwitches", url.Values{"VSwitchId": {id}}, &answer)
		return answer.TotalCount > 0, err
	})
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
	case KindVPC:
		return c.vpc(ctx, "DeleteVpc", url.Values{"VpcId": {r.ID}}, nil)
	case KindVSwitch:
		return c.deleteVSwitch(ctx, r.ID)
	case KindGroup:
		return c.ecs(ctx, "DeleteSecurityGroup", url.Values{"SecurityGroupId": {r.ID}}, nil)
	case KindTarget:
		return c.deleteTarget(ctx, r.ID)
	case KindFiles:
		return c.deleteFiles(ctx, r.ID)
	case KindLinked:
		return ErrInUse
	}
	return nil // it goes with what it is part of
}
