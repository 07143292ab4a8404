package root

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/local"
	"s/pkg/runtime/instance"
)

// roles takes roles with the keys of an alias, which are looked up each time: they
// may be temporary themselves.
func (w *wiring) roles(ctx context.Context, alias string) (local.AssumeRole, error) {
	if alias == access.LocalAlias {
		return nil, cmdutil.UsageError(errors.New("--assume-role takes the keys of an account, and the local cloud's are none"))
	}
	dir, err := home()
	if err != nil {
		return nil, err
	}
	o := w.accessOptions(alias, dir)
	o.FromFlag = true
	if _, err := w.resolveWith(ctx, o); errors.Is(err, access.ErrNotFound) {
		return nil, err // other errors may pass: a service doesn't answer, a keyring is locked
	}
	return func(ctx context.Context, role string) (instance.Keys, time.Time, error) {
		own := o
		c, err := w.resolveWith(ctx, own)
		if err != nil {
			return instance.Keys{}, time.Time{}, err
		}
		arn, err := w.roleARN(ctx, c, role)
		if err != nil {
			return instance.Keys{}, time.Time{}, err
		}
		given, until, err := access.AssumeRole(ctx, own, c, arn)
		return instance.Keys{AccessKeyID: given.AccessKeyID, AccessKeySecret: given.AccessKeySecret, SecurityToken: given.SecurityToken}, until, err
	}, nil
}

// roleARN is a role's ARN, with the account of the keys where it has none.
func (w *wiring) roleARN(ctx context.Context, c access.Credentials, role string) (string, error) {
	name, ok := strings.CutPrefix(role, "acs:ram:::")
	if !ok {
		return role, nil
	}
	c, err := w.withAccount(ctx, c)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("acs:ram::%s:%s", c.AccountID, name), nil
}
