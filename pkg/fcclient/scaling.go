package fcclient

import (
	"context"
	"fmt"
	"net/http"

	"s/pkg/fc"
)

// errNoOnDemand guards the operations that FC 3.0 no longer has.
var errNoOnDemand = fmt.Errorf("on demand configs exist in API version %s only", fc.APIVersion2)

// provisionAnswer reads the configuration of both APIs: FC 2.0 has target where
// FC 3.0 has defaultTarget.
type provisionAnswer struct {
	resourceV2
	fc.ProvisionStatus
	DefaultTarget *int `json:"defaultTarget"`
	Wanted        *int `json:"target"`
}

func (a *provisionAnswer) status() *fc.ProvisionStatus {
	a.owned(&a.Owner)
	s := &a.ProvisionStatus
	switch {
	case a.DefaultTarget != nil:
		s.DefaultTarget, s.Target = *a.DefaultTarget, *a.DefaultTarget
	case a.Wanted != nil:
		s.DefaultTarget = *a.Wanted
	}
	if a.Wanted != nil {
		s.Target = *a.Wanted
	}
	return s
}

func (c *Client) provisionCall(ctx context.Context, function, qualifier string, op call) (*fc.ProvisionStatus, error) {
	var out provisionAnswer
	op.path, op.query, op.out = c.functionPath(function, "provision-config"), qualified(qualifier), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return out.status(), nil
}

// GetProvisionConfig reads how many instances are kept and how many there are.
func (c *Client) GetProvisionConfig(ctx context.Context, function, qualifier string) (*fc.ProvisionStatus, error) {
	return c.provisionCall(ctx, function, qualifier, call{action: "GetProvisionConfig", method: http.MethodGet})
}

// PutProvisionConfig asks for instances. It doesn't wait for them.
func (c *Client) PutProvisionConfig(ctx context.Context, function, qualifier string, config fc.ProvisionConfig) (*fc.ProvisionStatus, error) {
	body := struct {
		Target                 *int                      `json:"target,omitempty"`
		DefaultTarget          *int                      `json:"defaultTarget,omitempty"`
		AlwaysAllocateCPU      bool                      `json:"alwaysAllocateCPU"`
		AlwaysAllocateGPU      *bool                     `json:"alwaysAllocateGPU,omitempty"`
		ScheduledActions       []fc.ScheduledAction      `json:"scheduledActions"`
		TargetTrackingPolicies []fc.TargetTrackingPolicy `json:"targetTrackingPolicies"`
	}{
		AlwaysAllocateCPU: config.AlwaysAllocateCPU,
		ScheduledActions:  orEmpty(config.ScheduledActions), TargetTrackingPolicies: orEmpty(config.TargetTrackingPolicies),
	}
	if c.config.V2 {
		body.Target = &config.DefaultTarget
	} else {
		body.DefaultTarget, body.AlwaysAllocateGPU = &config.DefaultTarget, &config.AlwaysAllocateGPU
	}
	return c.provisionCall(ctx, function, qualifier, call{action: "PutProvisionConfig", method: http.MethodPut, body: body})
}

// DeleteProvisionConfig gives the instances back. FC 2.0 has no such operation
// in version 2021-04-06: there it sets the target to 0, which means the same.
func (c *Client) DeleteProvisionConfig(ctx context.Context, function, qualifier string) error {
	if c.config.V2 {
		_, err := c.PutProvisionConfig(ctx, function, qualifier, fc.ProvisionConfig{})
		return err
	}
	return c.do(ctx, call{
		action: "DeleteProvisionConfig", method: http.MethodDelete,
		path: c.functionPath(function, "provision-config"), query: qualified(qualifier),
	})
}

// ListProvisionConfigs gives those of a function, of whatever qualifier; an empty
// function is all of them.
func (c *Client) ListProvisionConfigs(ctx context.Context, function string) ([]fc.ProvisionStatus, error) {
	op := call{action: "ListProvisionConfigs", path: c.path("provision-configs"), query: byFunction(function)}
	if c.config.V2 {
		op.query = nil
		if service, _ := fc.SplitName(function); service != "" {
			op.query = map[string]string{"serviceName": service}
		}
	}
	answers, err := listAll[provisionAnswer](ctx, c, op, "provisionConfigs")
	if err != nil {
		return nil, err
	}
	var list []fc.ProvisionStatus
	for i := range answers {
		if s := answers[i].status(); function == "" || s.FunctionName == function {
			list = append(list, *s)
		}
	}
	return list, nil
}

// orEmpty is a list that JSON shows as one.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type scalingAnswer struct {
	resourceV2
	fc.ScalingStatus
}

func (c *Client) scalingCall(ctx context.Context, function, qualifier string, op call) (*fc.ScalingStatus, error) {
	if err := c.only3("scaling configs"); err != nil {
		return nil, err
	}
	var out scalingAnswer
	op.path, op.query, op.out = c.functionPath(function, "scaling-config"), qualified(qualifier), &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	out.owned(&out.Owner)
	return &out.ScalingStatus, nil
}

// GetScalingConfig reads how the number of instances follows the load. FC 3.0
// alone has it.
func (c *Client) GetScalingConfig(ctx context.Context, function, qualifier string) (*fc.ScalingStatus, error) {
	return c.scalingCall(ctx, function, qualifier, call{action: "GetScalingConfig", method: http.MethodGet})
}

// PutScalingConfig sets it. It doesn't wait for instances.
func (c *Client) PutScalingConfig(ctx context.Context, function, qualifier string, config fc.ScalingConfig) (*fc.ScalingStatus, error) {
	body := struct {
		fc.ScalingConfig
		HorizontalScalingPolicies []fc.ScalingPolicy   `json:"horizontalScalingPolicies"`
		ScheduledPolicies         []fc.ScheduledAction `json:"scheduledPolicies"`
	}{config, orEmpty(config.HorizontalScalingPolicies), orEmpty(config.ScheduledPolicies)}
	return c.scalingCall(ctx, function, qualifier, call{action: "PutScalingConfig", method: http.MethodPut, body: body})
}

// DeleteScalingConfig removes it.
func (c *Client) DeleteScalingConfig(ctx context.Context, function, qualifier string) error {
	if err := c.only3("scaling configs"); err != nil {
		return err
	}
	return c.do(ctx, call{
		action: "DeleteScalingConfig", method: http.MethodDelete,
		path: c.functionPath(function, "scaling-config"), query: qualified(qualifier),
	})
}

// ListScalingConfigs gives those of a function, of whatever qualifier; an empty
// function is all of them.
func (c *Client) ListScalingConfigs(ctx context.Context, function string) ([]fc.ScalingStatus, error) {
	if err := c.only3("scaling configs"); err != nil {
		return nil, err
	}
	answers, err := listAll[scalingAnswer](ctx, c, call{
		action: "ListScalingConfigs", path: c.path("scaling-configs"), query: byFunction(function),
	}, "scalingConfigs")
	if err != nil {
		return nil, err
	}
	list := make([]fc.ScalingStatus, len(answers))
	for i := range answers {
		answers[i].owned(&answers[i].Owner)
		list[i] = answers[i].ScalingStatus
	}
	return list, nil
}
