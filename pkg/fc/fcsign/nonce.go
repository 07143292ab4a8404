package fcsign

import (
	"hash/maphash"
	"sync"
	"time"
)

// nonceLimit bounds one generation of remembered nonces.
const nonceLimit = 1 << 16

// nonces remembers which nonces were used, in two generations, so that its
// memory is bounded: a nonce is known for as long as a request with it could
// still pass the clock check, or until nonceLimit newer ones came.
type nonces struct {
	seed maphash.Seed

	mu       sync.Mutex
	new, old map[uint64]struct{}
	rotated  time.Time
}

func newNonces() *nonces {
	return &nonces{seed: maphash.MakeSeed(), new: map[uint64]struct{}{}}
}

// use reports whether key is fresh, and remembers it.
func (n *nonces) use(key string, now time.Time) bool {
	sum := maphash.String(n.seed, key)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.new) >= nonceLimit || now.Sub(n.rotated) > 2*MaxSkew {
		n.old, n.new, n.rotated = n.new, map[uint64]struct{}{}, now
	}
	if _, used := n.new[sum]; used {
		return false
	}
	if _, used := n.old[sum]; used {
		return false
	}
	n.new[sum] = struct{}{}
	return true
}
