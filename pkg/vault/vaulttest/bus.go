package vaulttest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoDaemon says that this machine has no dbus-daemon.
var ErrNoDaemon = errors.New("no dbus-daemon on this machine (make setup installs it)")

// Bus is a dbus-daemon of our own: nobody else is on it, and it starts no
// services.
type Bus struct {
	Address string // for DBUS_SESSION_BUS_ADDRESS
	dir     string
	cmd     *exec.Cmd
	alive   io.Closer
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// guard runs the daemon until its own input closes, which the end of this
// process does too, however it comes.
const guard = `"$@" & read -r _; kill $!; wait $!`

// StartBus starts one; ErrNoDaemon if it can't be.
func StartBus() (*Bus, error) {
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		return nil, ErrNoDaemon
	}
	dir, err := os.MkdirTemp("", "s-bus-") // short: it is in a socket's path
	if err != nil {
		return nil, err
	}
	b := &Bus{dir: dir}
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, filepath.Join(dir, "bus")), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	b.cmd = exec.Command("sh", "-c", guard, "sh", daemon, //nolint:noctx // Close ends it
		"--config-file="+config, "--nofork", "--nopidfile", "--print-address")
	var said strings.Builder
	b.cmd.Stderr = &said
	in, err := b.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.alive = in
	if err := b.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("dbus-daemon gives no address: %w: %s", err, said.String())
	}
	b.Address = strings.TrimSpace(line)
	return b, nil
}

// Close ends the daemon. Who is connected loses the connection.
func (b *Bus) Close() {
	b.alive.Close()
	_ = b.cmd.Wait() // it was ended by a signal
	os.RemoveAll(b.dir)
}
