package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// How long a keyring is waited for, unless Vault.Wait says otherwise.
const (
	storeWait = 5 * time.Second
	openWait  = 30 * time.Second
)

// ErrNoItem says that the keyring answers and has no such item.
var ErrNoItem = errors.New("the keyring has no such item")

var (
	errNoKeyring = errors.New("the keyring isn't used here")
	errNoAnswer  = errors.New("the keyring doesn't answer")
	errBroke     = errors.New("the connection to the keyring broke")
)

// Keyring is the keyring of a system. The names of items are ours alone.
type Keyring interface {
	// Get gives an item, or ErrNoItem.
	Get(item string) (string, error)
	// Set makes or replaces an item.
	Set(item, text string) error
	// Delete removes an item, or gives ErrNoItem.
	Delete(item string) error
}

// Value is a secret as a file has it: as text, or the name of the keyring's
// item. It prints without the text.
type Value struct {
	Text    string `yaml:"value,omitempty"`
	Keyring string `yaml:"keyring,omitempty"`
}

// Format shows where the value is, whatever the verb.
func (v Value) Format(f fmt.State, _ rune) {
	if v.Keyring != "" {
		_, _ = io.WriteString(f, "(in the keyring)")
		return
	}
	_, _ = io.WriteString(f, "(secret)")
}

// Vault puts secrets where they are safest. Nil is a vault without a keyring.
type Vault struct {
	// Ring is the keyring; nil is none.
	Ring Keyring
	// Missing says why there is none, for the user; empty if none is wanted.
	Missing string
	// Say tells that the keyring couldn't be used, once.
	Say Say
	// Wait is how long the keyring may take to answer; 0 is 5 s for storing,
	// which has a file to fall back to, and 30 s for reading, which may need the
	// user to unlock it.
	Wait time.Duration

	once sync.Once
}

// Tell is Say, also of a nil vault.
func (v *Vault) Tell() Say {
	if v == nil {
		return nil
	}
	return v.Say
}

// Seal puts a secret into the keyring, or, where that fails, gives it back as
// text for a private file.
func (v *Vault) Seal(ctx context.Context, text string) (Value, error) {
	if v == nil {
		return Value{Text: text}, nil
	}
	if v.Ring == nil {
		if v.Missing != "" {
			v.instead(errors.New(v.Missing))
		}
		return Value{Text: text}, nil
	}
	item := newItem()
	_, err := within(ctx, v.wait(storeWait), func() (string, error) { return "", v.Ring.Set(item, text) })
	if ctx.Err() != nil {
		return Value{}, ctx.Err()
	}
	if err != nil {
		v.instead(err)
		return Value{Text: text}, nil
	}
	return Value{Keyring: item}, nil
}

func (v *Vault) wait(usual time.Duration) time.Duration {
	if v.Wait > 0 {
		return v.Wait
	}
	return usual
}

func (v *Vault) instead(why error) {
	v.once.Do(func() { v.Say.Errf("kept in a file that only you can read, not in a keyring: %v", why) })
}

// Open gives the secret behind a value.
func (v *Vault) Open(ctx context.Context, value Value) (string, error) {
	if value.Keyring == "" {
		return value.Text, nil
	}
	if v == nil || v.Ring == nil {
		why := errNoKeyring
		if v != nil && v.Missing != "" {
			why = errors.New(v.Missing)
		}
		return "", fmt.Errorf("it is in the keyring: %w", why)
	}
	text, err := within(ctx, v.wait(openWait), func() (string, error) { return v.Ring.Get(value.Keyring) })
	if err != nil {
		return "", fmt.Errorf("it is in the keyring: %w", err)
	}
	return text, nil
}

// Forget removes what a value has in the keyring. What can't be removed stays
// there under a name that nothing refers to any more.
func (v *Vault) Forget(ctx context.Context, item string) {
	if v == nil || v.Ring == nil || item == "" {
		return
	}
	_, _ = within(ctx, v.wait(storeWait), func() (string, error) { return "", v.Ring.Delete(item) })
}

// newItem names an item. Names are drawn, so that files of several folders of s
// don't meet, and so that a new value never overwrites one that a file still
// refers to.
func newItem() string {
	var b [12]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// within gives up on ask after a while. ask may go on; it is a call to another
// process that can't be called off.
func within(ctx context.Context, wait time.Duration, ask func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		// go-keyring 0.2.8 panics if the bus ends while a prompt is shown.
		defer func() {
			if recover() != nil {
				got <- answer{err: errBroke}
			}
		}()
		text, err := ask()
		got <- answer{text, err}
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case a := <-got:
		return a.text, a.err
	case <-timer.C:
		return "", fmt.Errorf("%w within %s", errNoAnswer, wait)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
