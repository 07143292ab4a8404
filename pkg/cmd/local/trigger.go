package localcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	eventcmd "s/pkg/cmd/event"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/local"
)

// TriggerOptions is what the trigger command was asked for.
type TriggerOptions struct {
	*Options

	Name       string
	Function   string // of several that have a trigger of that name
	Region     string
	Event      string
	HasEvent   bool
	EventFile  string // "-" is stdin
	EventStdin bool
	Sets       []string // values of the sample event
}

// newTriggerCmd makes `s local trigger`. runF replaces the run, for tests.
func newTriggerCmd(opts *Options, runF func(context.Context, *TriggerOptions) error) *cobra.Command {
	o := &TriggerOptions{Options: opts}
	cmd := &cobra.Command{
		Use:   "trigger name",
		Short: "Make a trigger of the local cloud fire",
		Long: "Trigger makes a trigger of a function in the local cloud fire, of any type but http, as if its source had.\n" +
			"The event is yours, or the sample of its type with the trigger's own values in it, and with those of --set.\n" +
			"The function is invoked asynchronously, with the trigger's qualifier.",
		Example: "s local trigger nightly\ns local trigger upload --set key=cat.png\ns local trigger topic --event-file message.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name, o.HasEvent = args[0], cmd.Flags().Changed("event")
			if err := o.check(); err != nil {
				return err
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Event, "event", "e", "", "the event")
	flags.StringVarP(&o.EventFile, "event-file", "f", "", "a file with the event; - is stdin")
	flags.BoolVarP(&o.EventStdin, "event-stdin", "s", false, "read the event from stdin")
	flags.StringArrayVar(&o.Sets, "set", nil, "PATH=VALUE, a value of the sample event; may be given several times")
	flags.StringVar(&o.Function, "function-name", "", "whose trigger, if several functions have one of this name")
	flags.StringVar(&o.Region, "region", "", "where, if functions of several regions have one of this name")
	return cmd
}

func (o *TriggerOptions) check() error {
	given := 0
	for _, g := range []bool{o.HasEvent, o.EventFile != "", o.EventStdin} {
		if g {
			given++
		}
	}
	switch {
	case given > 1:
		return cmdutil.UsageError(errors.New("choose one of --event, --event-file and --event-stdin"))
	case given > 0 && len(o.Sets) > 0:
		return cmdutil.UsageError(errors.New("--set changes the sample event, which is not used with an event of your own"))
	}
	return nil
}

func (o *TriggerOptions) run(ctx context.Context) error {
	info, err := running(ctx, o.Options)
	if err != nil {
		return err
	}
	t, err := o.find(ctx, info)
	if err != nil {
		return err
	}
	event, err := o.event(t, info.AccountID)
	if err != nil {
		return err
	}
	if err := fcclient.CheckEvent(len(event), true); err != nil {
		return cmdutil.UsageError(err)
	}
	id, err := local.FireTrigger(ctx, info, *t, event)
	if err != nil {
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, struct {
		Function  string `json:"function"`
		Qualifier string `json:"qualifier"`
		RequestID string `json:"requestId"`
	}{t.Function, t.Qualifier, id})
}

// running gives the local cloud that runs; none is an error that says what helps.
func running(ctx context.Context, o *Options) (*local.Info, error) {
	home, err := o.Home()
	if err != nil {
		return nil, err
	}
	info, err := local.Find(ctx, home)
	if errors.Is(err, local.ErrNotRunning) {
		return nil, cmdutil.WithHint(cmdutil.ExitFailed, err, "s deploy -a local")
	}
	return info, err
}

// find finds the trigger that is meant.
func (o *TriggerOptions) find(ctx context.Context, info *local.Info) (*local.Trigger, error) {
	all, err := local.TriggersNamed(ctx, info, o.Name)
	if err != nil {
		return nil, err
	}
	var meant []local.Trigger
	var names []string
	for _, t := range all {
		if (o.Function == "" || o.Function == t.Function) && (o.Region == "" || o.Region == t.Region) {
			meant = append(meant, t)
			names = append(names, t.Function+" ("+t.Region+")")
		}
	}
	switch {
	case len(meant) == 0:
		return nil, cmdutil.WithHint(cmdutil.ExitFailed, fmt.Errorf("no function in the local cloud has a trigger %q", o.Name), "s deploy -a local")
	case len(meant) > 1:
		return nil, cmdutil.UsageError(fmt.Errorf("several functions have a trigger %q: %s; choose with --function-name and --region", o.Name, strings.Join(names, ", ")))
	case meant[0].TriggerType == fc.TriggerHTTP:
		return nil, cmdutil.UsageError(fmt.Errorf("trigger %q is of type http: send a request to its URL, which s info shows", o.Name))
	}
	return &meant[0], nil
}

// event gives the event: the caller's, or the sample of the trigger's type.
func (o *TriggerOptions) event(t *local.Trigger, account string) ([]byte, error) {
	switch {
	case o.HasEvent:
		return []byte(o.Event), nil
	case o.EventStdin || o.EventFile == "-":
		return io.ReadAll(io.LimitReader(o.IO.In, fc.MaxAsyncBody+1))
	case o.EventFile != "":
		file, err := os.Open(o.EventFile)
		if err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		defer file.Close()
		return io.ReadAll(io.LimitReader(file, fc.MaxAsyncBody+1))
	}
	return eventcmd.Make(t.TriggerType, append(ownValues(t, account, time.Now()), o.Sets...))
}

// ownValues are the values of a sample event that the trigger itself says.
func ownValues(t *local.Trigger, account string, now time.Time) []string {
	switch t.TriggerType {
	case fc.TriggerTimer:
		var config fc.TimerTriggerConfig
		decode(t.TriggerConfig, &config)
		return []string{"name=" + t.TriggerName, "payload=" + config.Payload, "time=" + now.UTC().Format("2006-01-02T15:04:05Z")}
	case fc.TriggerOSS:
		bucket := t.SourceARN[strings.LastIndexByte(t.SourceARN, ':')+1:]
		return []string{
			"bucket=" + bucket, "region=" + t.Region, "events.0.oss.bucket.arn=acs:oss:" + t.Region + ":" + account + ":" + bucket,
			"events.0.eventTime=" + now.UTC().Format("2006-01-02T15:04:05.000Z"),
		}
	case fc.TriggerLog:
		var config fc.SLSTriggerConfig
		decode(t.TriggerConfig, &config)
		sets := []string{"project=" + t.SourceARN[strings.LastIndexByte(t.SourceARN, '/')+1:]}
		if config.SourceConfig != nil {
			sets = append(sets, "logstore="+config.SourceConfig.Logstore)
		}
		return sets
	case fc.TriggerMNSTopic:
		return []string{"topic=" + t.SourceARN[strings.LastIndexByte(t.SourceARN, '/')+1:]}
	case fc.TriggerCDNEvents:
		var config fc.CDNTriggerConfig
		decode(t.TriggerConfig, &config)
		return []string{"event-name=" + config.EventName}
	}
	return nil
}
