package rawio

import "net"

type listener struct {
	net.Listener
	attention *Attention
}

// Listener gives a listener whose connections are as Conn gives them.
func Listener(l net.Listener) net.Listener { return listener{l, nil} }

// Accept waits for the next connection.
func (l listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrap(nc, l.attention), nil
}
