package scalecmd

import (
	"context"

	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/fc"
)

// put is what a put command does once its flags are read.
type put = func(context.Context, *cmdutil.OneFunction, string) (any, error)

// listOf is a list that JSON shows as one.
func listOf[T any](list []T, err error) (any, int, error) {
	if list == nil {
		list = []T{}
	}
	return list, len(list), err
}

// provision keeps instances of a version or alias ready (PutProvisionConfig).
func provision() setting {
	return setting{
		columns: []string{"qualifier", "defaultTarget", "target", "current", "alwaysAllocateCPU"},
		name:    "provision", what: "how many instances are kept ready", qualified: true,
		example: "--qualifier prod --target 2",
		list: func(ctx context.Context, one *cmdutil.OneFunction) (any, int, error) {
			return listOf(one.Client.ListProvisionConfigs(ctx, one.Name()))
		},
		get: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
			return one.Client.GetProvisionConfig(ctx, one.Name(), qualifier)
		},
		remove: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) error {
			return one.Client.DeleteProvisionConfig(ctx, one.Name(), qualifier)
		},
		put: func(flags *pflag.FlagSet) put {
			var config fc.ProvisionConfig
			flags.IntVar(&config.DefaultTarget, "target", 0, "instances to keep")
			flags.IntVar(&config.DefaultTarget, "default-target", 0, "the same, as FC 3.0 calls it")
			boolTwice(flags, &config.AlwaysAllocateCPU, "always-allocate-cpu", "ac", "idle instances keep their CPU")
			boolTwice(flags, &config.AlwaysAllocateGPU, "always-allocate-gpu", "ag", "idle instances keep their GPU")
			flags.String("scheduled-actions", "", "targets by the clock, as JSON: a list of scheduledActions")
			flags.String("target-tracking-policies", "", "targets by load, as JSON: a list of targetTrackingPolicies")
			return func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
				if err := required(flags, "target", "default-target", "scheduled-actions", "target-tracking-policies"); err != nil {
					return nil, err
				}
				if err := jsonFlag(flags, "scheduled-actions", &config.ScheduledActions); err != nil {
					return nil, err
				}
				if err := jsonFlag(flags, "target-tracking-policies", &config.TargetTrackingPolicies); err != nil {
					return nil, err
				}
				return one.Client.PutProvisionConfig(ctx, one.Name(), qualifier, config)
			}
		},
	}
}

// boolTwice defines a flag under its name and the short one of the peer, which has
// two letters.
func boolTwice(flags *pflag.FlagSet, value *bool, name, short, usage string) {
	flags.BoolVar(value, name, false, usage)
	flags.BoolVar(value, short, false, usage)
	_ = flags.MarkHidden(short) // it has just been defined
}

// scaling bounds the instances of a function from below and says how their number
// follows the load (PutScalingConfig).
func scaling() setting {
	return setting{
		columns: []string{"qualifier", "minInstances", "targetInstances", "currentInstances"},
		name:    "scaling", what: "how the number of instances follows the load", qualified: true,
		example: "--min-instances 1",
		list: func(ctx context.Context, one *cmdutil.OneFunction) (any, int, error) {
			return listOf(one.Client.ListScalingConfigs(ctx, one.Name()))
		},
		get: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
			return one.Client.GetScalingConfig(ctx, one.Name(), qualifier)
		},
		remove: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) error {
			return one.Client.DeleteScalingConfig(ctx, one.Name(), qualifier)
		},
		put: func(flags *pflag.FlagSet) put {
			var config fc.ScalingConfig
			flags.IntVar(&config.MinInstances, "min-instances", 0, "the fewest instances")
			flags.StringVar(&config.ResidentPoolID, "resident-pool-id", "", "the resident pool that they are taken from")
			flags.String("horizontal-scaling-policies", "", "by load, as JSON: a list of horizontalScalingPolicies")
			flags.String("scheduled-policies", "", "by the clock, as JSON: a list of scheduledPolicies")
			return func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
				if err := required(flags, "min-instances", "horizontal-scaling-policies", "scheduled-policies"); err != nil {
					return nil, err
				}
				if err := jsonFlag(flags, "horizontal-scaling-policies", &config.HorizontalScalingPolicies); err != nil {
					return nil, err
				}
				if err := jsonFlag(flags, "scheduled-policies", &config.ScheduledPolicies); err != nil {
					return nil, err
				}
				return one.Client.PutScalingConfig(ctx, one.Name(), qualifier, config)
			}
		},
	}
}

// concurrency reserves instances for a function, which are its most, too
// (PutConcurrencyConfig).
func concurrency() setting {
	return setting{
		name: "concurrency", what: "how many instances are reserved", example: "--reserved-concurrency 10",
		get: func(ctx context.Context, one *cmdutil.OneFunction, _ string) (any, error) {
			return one.Client.GetConcurrencyConfig(ctx, one.Name())
		},
		remove: func(ctx context.Context, one *cmdutil.OneFunction, _ string) error {
			return one.Client.DeleteConcurrencyConfig(ctx, one.Name())
		},
		put: func(flags *pflag.FlagSet) put {
			var config fc.ConcurrencyConfig
			flags.IntVar(&config.ReservedConcurrency, "reserved-concurrency", 0, "instances; 0 lets nothing run")
			return func(ctx context.Context, one *cmdutil.OneFunction, _ string) (any, error) {
				if err := required(flags, "reserved-concurrency"); err != nil {
					return nil, err
				}
				return one.Client.PutConcurrencyConfig(ctx, one.Name(), config)
			}
		},
	}
}

// onDemand bounds the instances of a function of FC 2.0
// (PutFunctionOnDemandConfig).
func onDemand() setting {
	return setting{
		name: "ondemand", what: "the most instances of a function of FC 2.0", qualified: true, example: "--qualifier prod --max 10",
		get: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
			return one.Client.GetOnDemandConfig(ctx, one.Name(), qualifier)
		},
		remove: func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) error {
			return one.Client.DeleteOnDemandConfig(ctx, one.Name(), qualifier)
		},
		put: func(flags *pflag.FlagSet) put {
			var config fc.OnDemandConfig
			flags.IntVar(&config.MaximumInstanceCount, "max", 0, "instances; 0 lets nothing run")
			return func(ctx context.Context, one *cmdutil.OneFunction, qualifier string) (any, error) {
				if err := required(flags, "max"); err != nil {
					return nil, err
				}
				return one.Client.PutOnDemandConfig(ctx, one.Name(), qualifier, config)
			}
		},
	}
}
