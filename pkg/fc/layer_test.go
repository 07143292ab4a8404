package fc

import (
	"strings"
	"testing"
)

func TestParseLayerARN(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]LayerARN{
		"acs:fc:cn-hangzhou:123:layers/l-1/versions/7":           {"cn-hangzhou", "123", "l-1", 7},
		"acs:fc:cn-hangzhou:official:layers/Python39/versions/2": {"cn-hangzhou", "official", "Python39", 2},
		"123#_l#12": {"", "123", "_l", 12},
	} {
		got, err := ParseLayerARN(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "#", "##", "1#l", "1#l#0", "1#l#x", "1#l#1#2", "#l#1", "1#l#+1", "1#l#01",
		"acs:fc:r:1:layers/l", "acs:fc:r:1:layers/l/versions/", "acs:fc:r:1:layers/l/versions/0", "acs:fc:r:1:layers/l/versions/-1",
		"acs:fc:r:1:layers/../versions/1", "acs:fc:r:1:layers//versions/1", "acs:fc:r:1:layers/1l/versions/1", "acs:fc:r:1:layers/l/versions/1/",
		"acs:fc:r:1:functions/l/versions/1", "acs:oss:r:1:layers/l/versions/1", "acs:fc::1:layers/l/versions/1", "acs:fc:r::layers/l/versions/1",
		"acs:fc:r:1:layers/l/aliases/1", "acs:fc:r:1:layers/ü/versions/1", "acs:fc:r:1:x:layers/l/versions/1",
	} {
		if got, err := ParseLayerARN(text); err == nil || !strings.Contains(err.Error(), "'"+text+"'") || got != (LayerARN{}) {
			t.Errorf("%q: %+v %v", text, got, err)
		}
	}
}

// What is read is written the same again.
func FuzzParseLayerARN(f *testing.F) {
	for _, seed := range []string{"acs:fc:r:1:layers/l/versions/1", "1#l#1", "acs:fc:r:official:layers/P/versions/2", "::::", "a#b#c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseLayerARN(text)
		if err != nil {
			return
		}
		if again := a.String(); a.Region != "" && again != text {
			t.Errorf("%q became %q", text, again)
		}
		if again := a.Old(); a.Region == "" && again != text {
			t.Errorf("%q became %q", text, again)
		}
		if !IsResourceName(a.Name) || a.Version < 1 || a.Account == "" {
			t.Errorf("%q: %+v", text, a)
		}
	})
}
