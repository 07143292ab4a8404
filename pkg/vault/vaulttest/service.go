package vaulttest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// Names of the Secret Service API, version 0.2 (freedesktop.org).
const (
	busName    = "org.freedesktop.secrets"
	root       = dbus.ObjectPath("/org/freedesktop/secrets")
	collection = root + "/collection/login"
	session    = root + "/session/1"
	prompt     = root + "/prompt/1"
	noPrompt   = dbus.ObjectPath("/")

	interfaces   = "org.freedesktop.Secret."
	completed    = interfaces + "Prompt.Completed"
	labelKey     = interfaces + "Item.Label"
	attributeKey = interfaces + "Item.Attributes"
)

// Answer is what the user does when a Service prompts.
type Answer int

// Answers to a prompt.
const (
	Agrees Answer = iota
	Dismisses
	Waits // and never answers
)

// Service is a Secret Service with one collection, login. It knows plain
// sessions alone, which is what the client library opens.
type Service struct {
	conn *dbus.Conn

	mu       sync.Mutex
	items    map[dbus.ObjectPath]item
	made     int
	locked   bool
	asks     bool   // before it keeps something
	answer   Answer // to the next prompts
	onAgreed func() []dbus.ObjectPath
	asked    chan struct{} // closed at the first prompt
}

type item struct {
	attributes map[string]string
	value      []byte
}

// secret is the struct (oayays) of the API.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// Serve puts a service on a bus, until Close.
func Serve(address string) (*Service, error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, err
	}
	s := &Service{conn: conn, items: map[dbus.ObjectPath]item{}, asked: make(chan struct{})}
	for name, methods := range map[string]any{
		"Service": serviceMethods{s}, "Collection": collectionMethods{s}, "Item": itemMethods{s},
		"Session": sessionMethods{}, "Prompt": promptMethods{s},
	} {
		if err := conn.ExportSubtree(methods, root, interfaces+name); err != nil {
			return nil, err
		}
	}
	if err := conn.ExportSubtree(properties{}, root, "org.freedesktop.DBus.Properties"); err != nil {
		return nil, err
	}
	reply, err := conn.RequestName(busName, dbus.NameFlagDoNotQueue)
	if err == nil && reply != dbus.RequestNameReplyPrimaryOwner {
		err = fmt.Errorf("%s is taken", busName)
	}
	return s, err
}

// Close ends the service; what it kept is gone.
func (s *Service) Close() { _ = s.conn.Close() }

// Lock locks the collection; the user will answer so when asked to unlock it.
func (s *Service) Lock(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked, s.answer = true, answer
}

// Ask makes the service prompt before it keeps something.
func (s *Service) Ask(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks, s.answer = true, answer
}

// Asked gives what closes when the user is prompted for the first time.
func (s *Service) Asked() <-chan struct{} { return s.asked }

// Texts lists what is kept, sorted.
func (s *Service) Texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	for _, it := range s.items {
		texts = append(texts, string(it.value))
	}
	slices.Sort(texts)
	return texts
}

func refused(name string) *dbus.Error {
	return dbus.NewError("org.freedesktop.Secret.Error."+name, []any{name})
}

type serviceMethods struct{ s *Service }

// OpenSession opens a plain session.
func (m serviceMethods) OpenSession(algorithm string, _ dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	if algorithm != "plain" {
		return dbus.Variant{}, noPrompt, dbus.NewError("org.freedesktop.DBus.Error.NotSupported", []any{algorithm})
	}
	return dbus.MakeVariant(""), session, nil
}

// Unlock unlocks at once what isn't locked, and prompts for what is.
func (m serviceMethods) Unlock(objects []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if !m.s.locked {
		return objects, noPrompt, nil
	}
	m.s.onAgreed = func() []dbus.ObjectPath {
		m.s.locked = false
		return objects
	}
	return []dbus.ObjectPath{}, prompt, nil
}

type collectionMethods struct{ s *Service }

// CreateItem keeps a secret; replace puts it in place of one with the same
// attributes.
func (m collectionMethods) CreateItem(props map[string]dbus.Variant, what secret, replace bool) (path, asks dbus.ObjectPath, err *dbus.Error) {
	s := m.s
	s.mu.Lock()
	defer s.mu.Unlock()
	attributes, ok := props[attributeKey].Value().(map[string]string)
	_, labelled := props[labelKey].Value().(string)
	switch {
	case s.locked:
		return noPrompt, noPrompt, refused("IsLocked")
	case what.Session != session:
		return noPrompt, noPrompt, refused("NoSession")
	case !ok || !labelled:
		return noPrompt, noPrompt, dbus.MakeFailedError(fmt.Errorf("properties %v", slices.Sorted(maps.Keys(props))))
	}
	keep := func() []dbus.ObjectPath {
		if replace {
			maps.DeleteFunc(s.items, func(_ dbus.ObjectPath, old item) bool { return maps.Equal(old.attributes, attributes) })
		}
		s.made++
		path = collection + dbus.ObjectPath(fmt.Sprintf("/%d", s.made))
		s.items[path] = item{attributes, what.Value}
		return []dbus.ObjectPath{path}
	}
	if s.asks {
		s.onAgreed = keep
		return noPrompt, prompt, nil
	}
	keep()
	return path, noPrompt, nil
}

// SearchItems finds the items that have all of the attributes.
func (m collectionMethods) SearchItems(attributes map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	found := []dbus.ObjectPath{}
	for _, path := range slices.Sorted(maps.Keys(m.s.items)) {
		has := m.s.items[path].attributes
		fits := true
		for name, value := range attributes {
			fits = fits && has[name] == value
		}
		if fits {
			found = append(found, path)
		}
	}
	return found, nil
}

type itemMethods struct{ s *Service }

func pathOf(message dbus.Message) dbus.ObjectPath {
	path, _ := message.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	return path
}

// GetSecret gives the secret of an item.
func (m itemMethods) GetSecret(in dbus.ObjectPath, message dbus.Message) (secret, *dbus.Error) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	it, ok := m.s.items[pathOf(message)]
	switch {
	case !ok:
		return secret{}, refused("NoSuchObject")
	case m.s.locked:
		return secret{}, refused("IsLocked")
	case in != session:
		return secret{}, refused("NoSession")
	}
	return secret{in, []byte{}, it.value, "text/plain"}, nil
}

// Delete forgets an item.
func (m itemMethods) Delete(message dbus.Message) (dbus.ObjectPath, *dbus.Error) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if m.s.locked {
		return noPrompt, refused("IsLocked")
	}
	delete(m.s.items, pathOf(message))
	return noPrompt, nil
}

type sessionMethods struct{}

// Close ends a session.
func (sessionMethods) Close() *dbus.Error { return nil }

type promptMethods struct{ s *Service }

// Prompt asks the user and tells the answer by a signal.
func (m promptMethods) Prompt(string) *dbus.Error {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	select {
	case <-m.s.asked:
	default:
		close(m.s.asked)
	}
	agreed := m.s.answer == Agrees
	if m.s.answer == Waits || m.s.onAgreed == nil {
		return nil
	}
	result := []dbus.ObjectPath{}
	if agreed {
		result = m.s.onAgreed()
	}
	if err := m.s.conn.Emit(prompt, completed, !agreed, dbus.MakeVariant(result)); err != nil {
		return dbus.MakeFailedError(err)
	}
	return nil
}

type properties struct{}

// Get gives the one property that clients ask for.
func (properties) Get(of, name string) (dbus.Variant, *dbus.Error) {
	if !strings.HasSuffix(of, ".Service") || name != "Collections" {
		return dbus.Variant{}, dbus.MakeFailedError(fmt.Errorf("no property %s of %s", name, of))
	}
	return dbus.MakeVariant([]dbus.ObjectPath{collection}), nil
}
