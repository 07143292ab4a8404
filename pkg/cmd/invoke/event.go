package invokecmd

import (
	"io"
	"os"

	"s/pkg/cmd/cmdutil"
	eventcmd "s/pkg/cmd/event"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/fcclient"
)

// event reads the event from where the flags say. One that is too large is
// refused before anything is sent.
func (o *Options) event() ([]byte, error) {
	data := []byte(o.Event)
	var err error
	switch {
	case o.EventStdin || o.EventFile == "-":
		data, err = readSome(o.IO.In)
	case o.EventFile != "":
		data, err = readFile(o.EventFile)
	case o.Template != "":
		if data, err = eventcmd.Make(o.Template, o.Sets); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, diag.Errorf("event: %w", err)
	}
	if err := fcclient.CheckEvent(len(data), o.async()); err != nil {
		return nil, cmdutil.UsageError(err)
	}
	return data, nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readSome(file)
}

// readSome reads no more than it takes to see that an event is too large.
func readSome(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, fc.MaxSyncBody+1)) }
