package local

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"

	"s/pkg/atomicfile"
	"s/pkg/fc/fcsign"
)

// keysName is the file of the keys in the data directory.
const keysName = "keys.json"

// alphabet is what keys are made of.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// keys are what is generated once for a data directory: a made-up account, the
// pair that its user signs with, and the one that functions are given as their
// role's.
type keys struct {
	AccountID       string `json:"accountId"`
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
	FunctionKeyID   string `json:"functionKeyId"`
	FunctionSecret  string `json:"functionSecret"`
	FunctionToken   string `json:"functionToken"`
	URLSecret       string `json:"urlSecret"`
}

// loadKeys reads the keys of a data directory, making them the first time. The
// caller holds the store's lock.
func loadKeys(dir string) (*keys, error) {
	path := filepath.Join(dir, keysName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		k := newKeys()
		return k, writePrivate(path, k)
	}
	if err != nil {
		return nil, err
	}
	var k keys
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, fmt.Errorf("the keys of the local cloud (%s) can't be read: %w; remove the file, new ones are made", path, err)
	}
	if k.AccessKeyID == "" || k.AccessKeySecret == "" || k.AccountID == "" {
		return nil, fmt.Errorf("the keys of the local cloud (%s) are incomplete; remove the file, new ones are made", path)
	}
	return &k, nil
}

func newKeys() *keys {
	return &keys{
		AccountID:   random("123456789", 1) + random("0123456789", 15),
		AccessKeyID: "LTAIlocal" + random(alphabet, 15), AccessKeySecret: random(alphabet, 30),
		FunctionKeyID: "STS.local" + random(alphabet, 15), FunctionSecret: random(alphabet, 44),
		FunctionToken: random(alphabet, 64), URLSecret: random(alphabet, 44),
	}
}

func random(from string, n int) string {
	out := make([]byte, n)
	for i := range out {
		pick, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
		if err != nil {
			panic(err) // crypto/rand doesn't fail
		}
		out[i] = from[pick.Int64()]
	}
	return string(out)
}

// lookup finds the keys that a request is signed with.
func (k *keys) lookup(id string) (fcsign.Keys, bool) {
	switch id {
	case k.AccessKeyID:
		return fcsign.Keys{AccessKeyID: id, AccessKeySecret: k.AccessKeySecret}, true
	case k.FunctionKeyID:
		return fcsign.Keys{AccessKeyID: id, AccessKeySecret: k.FunctionSecret, SecurityToken: k.FunctionToken}, true
	}
	return fcsign.Keys{}, false
}

// writePrivate writes a document that only its user may read.
func writePrivate(path string, doc any) error {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'), atomicfile.Options{Sync: true})
}
