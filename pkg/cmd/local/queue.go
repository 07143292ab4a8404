package localcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/local"
)

// QueueOptions is what the queue command was asked for.
type QueueOptions struct {
	*Options

	Replay  []string // ids of dead letters, or "all"
	Discard []string
}

// decode reads a stored configuration; one that can't be read leaves into as it is.
func decode(config string, into any) { _ = json.Unmarshal([]byte(config), into) }

// newQueueCmd makes `s local queue`. runF replaces the run, for tests.
func newQueueCmd(opts *Options, runF func(context.Context, *QueueOptions) error) *cobra.Command {
	o := &QueueOptions{Options: opts}
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Show asynchronous invocations of the local cloud: dead letters, timers, what waits",
		Long: "Queue shows how many asynchronous invocations wait and run, the timers with their next runs and those that\n" +
			"were missed, the dead letters (what has failed for good, with its event), and outcomes whose destination\n" +
			"isn't on this machine. --replay puts dead letters in the queue again, --discard removes them.",
		Example: "s local queue\ns local queue -o json\ns local queue --replay 3\ns local queue --replay all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(o.Replay) > 0 && len(o.Discard) > 0 {
				return cmdutil.UsageError(errors.New("choose one of --replay and --discard"))
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringSliceVar(&o.Replay, "replay", nil, "run dead letters again, by their ids; all is all of them")
	cmd.Flags().StringSliceVar(&o.Discard, "discard", nil, "remove dead letters, by their ids; all is all of them")
	return cmd
}

func (o *QueueOptions) run(ctx context.Context) error {
	change, given, discard := local.ReplayDead, o.Replay, len(o.Discard) > 0
	if discard {
		change, given = local.DiscardDead, o.Discard
	}
	ids, err := letters(given)
	if err != nil {
		return cmdutil.UsageError(err)
	}
	info, err := running(ctx, o.Options)
	if err != nil {
		return err
	}
	if len(given) > 0 {
		n, err := change(ctx, info, ids)
		if err != nil {
			return err
		}
		if discard {
			o.IO.Errf("dead letters removed: %d", n)
		} else {
			o.IO.Errf("dead letters in the queue again: %d", n)
		}
		return nil
	}
	queue, err := local.ReadQueue(ctx, info)
	if err != nil {
		return err
	}
	if o.Settings.Output != cmdutil.OutputDefault {
		return cmdutil.Print(o.IO.Out, o.Settings.Output, queue)
	}
	return o.show(queue)
}

// letters reads ids; none stands for all.
func letters(given []string) (ids []int64, err error) {
	for _, text := range given {
		if text == "all" {
			return nil, nil
		}
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			return nil, fmt.Errorf("%q is neither the id of a dead letter nor all", text)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// show draws a table for each part that has something.
func (o *QueueOptions) show(q *local.Queue) error {
	out := o.IO.Out
	fmt.Fprintf(out, "waiting: %d\nrunning: %d\ndead:    %d\n", q.Waiting, q.Running, q.Dead)
	part := func(title string, n int, v any, columns ...string) error {
		if n == 0 {
			return nil
		}
		fmt.Fprintf(out, "\n%s\n", o.IO.Bold(title))
		return cmdutil.PrintTable(out, v, columns...)
	}
	return errors.Join(
		part("timers", len(q.Timers), q.Timers, "function", "trigger", "next", "fired", "missed"),
		part("dead letters", len(q.DeadLetters), q.DeadLetters, "id", "function", "source", "status", "errorType", "runs", "ended", "payload"),
		part("undelivered", len(q.Undelivered), q.Undelivered, "id", "function", "receiver", "why", "body"),
	)
}
