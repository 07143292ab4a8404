package rloader

import (
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// control is rloader's end of the socket, blocking on purpose: the Go poller
// would cost a thread wake-up and an epoll descriptor.
type control struct{ fd int }

// receive reads one message and the descriptors that came with it.
func (c control) receive() ([]byte, []int, error) {
	size, _, _, _, err := retryRecv(c.fd, nil, nil, unix.MSG_PEEK|unix.MSG_TRUNC)
	if err != nil {
		return nil, nil, err
	}
	if size == 0 {
		return nil, nil, io.EOF
	}
	body, oob := make([]byte, size), make([]byte, unix.CmsgSpace(4*MaxFiles))
	n, oobn, _, _, err := retryRecv(c.fd, body, oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, nil, err
	}
	if oobn == 0 {
		return body[:n], nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		return nil, nil, fmt.Errorf("control message: %w", err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	return body[:n], fds, err
}

func retryRecv(fd int, p, oob []byte, flags int) (n, oobn, recvflags int, from unix.Sockaddr, err error) {
	for {
		n, oobn, recvflags, from, err = unix.Recvmsg(fd, p, oob, flags)
		if err != unix.EINTR {
			return
		}
	}
}

// order reads the order and gives its descriptors by name. Those of a wrong
// order are closed.
func (c control) order() (*Order, map[string]int, error) {
	body, fds, err := c.receive()
	if err != nil {
		return nil, nil, err
	}
	order, files, err := parseOrder(body, fds)
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
	return order, files, err
}

func parseOrder(body []byte, fds []int) (*Order, map[string]int, error) {
	var order Order
	if err := json.Unmarshal(body, &order); err != nil {
		return nil, nil, fmt.Errorf("order: %w", err)
	}
	if len(fds) != len(order.Files) {
		return nil, nil, fmt.Errorf("order names %d descriptors, got %d", len(order.Files), len(fds))
	}
	files := make(map[string]int, len(fds))
	for i, name := range order.Files {
		if _, twice := files[name]; twice {
			return nil, nil, fmt.Errorf("order names %q twice", name)
		}
		files[name] = fds[i]
	}
	switch order.Kind {
	case KindRun, KindExec, KindProbe, KindAssign:
		return &order, files, nil
	}
	return nil, nil, fmt.Errorf("order of unknown kind %q", order.Kind)
}

// report sends a report with descriptors. It doesn't matter if nobody listens.
func (c control) report(r Report, fds ...int) {
	body, err := json.Marshal(r)
	if err != nil {
		return
	}
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for unix.Sendmsg(c.fd, body, oob, nil, unix.MSG_NOSIGNAL) == unix.EINTR {
		continue
	}
}
