// Package vaulttest has keyrings for tests: one in memory, and a Secret Service on
// a D-Bus of its own.
package vaulttest

import (
	"maps"
	"slices"
	"sync"

	"s/pkg/vault"
)

// Keyring is a vault.Keyring in memory. It is safe for concurrent use.
type Keyring struct {
	mu    sync.Mutex
	items map[string]string
	// Err is what every call answers, if set.
	Err error
	// Hang, if set, is waited for in every call: a keyring that nobody unlocks.
	Hang chan struct{}
}

var _ vault.Keyring = (*Keyring)(nil)

func (k *Keyring) enter() error {
	if k.Hang != nil {
		<-k.Hang
	}
	k.mu.Lock()
	return k.Err
}

// Get gives an item, or vault.ErrNoItem.
func (k *Keyring) Get(item string) (string, error) {
	err := k.enter()
	defer k.mu.Unlock()
	if err != nil {
		return "", err
	}
	text, ok := k.items[item]
	if !ok {
		return "", vault.ErrNoItem
	}
	return text, nil
}

// Set makes or replaces an item.
func (k *Keyring) Set(item, text string) error {
	err := k.enter()
	defer k.mu.Unlock()
	if err != nil {
		return err
	}
	if k.items == nil {
		k.items = map[string]string{}
	}
	k.items[item] = text
	return nil
}

// Delete removes an item, or gives vault.ErrNoItem.
func (k *Keyring) Delete(item string) error {
	err := k.enter()
	defer k.mu.Unlock()
	if err != nil {
		return err
	}
	if _, ok := k.items[item]; !ok {
		return vault.ErrNoItem
	}
	delete(k.items, item)
	return nil
}

// Texts lists what the keyring holds, sorted.
func (k *Keyring) Texts() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Values(k.items))
}
