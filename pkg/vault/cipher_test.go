package vault

import (
	"errors"
	"testing"
)

// Made once with OpenSSL, not with this package:
//
//	openssl enc -aes-256-cbc -md md5 -pass pass:SecretKey123 -a -A
const (
	cipherID     = "U2FsdGVkX1/NOe6nQgsiPQiEbSyRhOt5XEgqoEoZ4g/9wGrx5XDBtXsSNSS3bj/0"
	plainID      = "LTAI5tTestKeyId0001"
	cipherSecret = "U2FsdGVkX18E50386HN359ozXiP1N7mTAyiBkXVqsMSS2hQzf6MhcDhOeOmA2K21"
	plainSecret  = "kMV7topSecretValue/42+x"
	// The same with -pass pass:other.
	cipherOther = "U2FsdGVkX1+kWhfU6etsvCE9O07cHw6HQvi4349RNas="
)

func TestReveal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value, want string
		err         error
	}{
		{cipherID, plainID, nil},
		{cipherSecret, plainSecret, nil},
		{"plain text", "plain text", nil},
		{"", "", nil},
		{"bm90IHNhbHRlZCBidXQgbG9uZyBlbm91Z2ggdG8gdHJ5", "bm90IHNhbHRlZCBidXQgbG9uZyBlbm91Z2ggdG8gdHJ5", nil},
		// Another passphrase, the header alone, cut off.
		{cipherOther, "", ErrCipher},
		{"U2FsdGVkX18=", "", ErrCipher},
		{cipherID[:len(cipherID)-8], "", ErrCipher},
	} {
		if got, err := Reveal(tt.value, "no", PeerPassphrase); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: got %q, %v", tt.value, got, err)
		}
	}
	if got, err := Reveal(cipherOther, PeerPassphrase, "other"); err != nil || got == cipherOther {
		t.Errorf("the second passphrase: %q, %v", got, err)
	}
}

// FuzzReveal: nothing makes it fail but what is encrypted otherwise.
func FuzzReveal(f *testing.F) {
	f.Add(cipherID)
	f.Add("U2FsdGVkX18=")
	f.Add("text")
	f.Fuzz(func(t *testing.T, value string) {
		if _, err := Reveal(value, PeerPassphrase); err != nil && !errors.Is(err, ErrCipher) {
			t.Errorf("%v", err)
		}
	})
}
