package sandbox

import (
	"context"
	"errors"
)

func (p *process) endExecs() {}

// Exec runs a command inside.
func (p *process) Exec(ctx context.Context, spec ExecSpec) (int, error) {
	return 0, errors.ErrUnsupported
}
