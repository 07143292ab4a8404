package root

import (
	"context"
	"errors"

	"s/pkg/local"
)

func (w *wiring) local(ctx context.Context) (*local.Info, error) {
	return nil, errors.New("the local cloud is not there yet")
}
