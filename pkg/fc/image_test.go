package fc

import "testing"

func TestLocalImage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ image, transport, path, which string }{
		{"oci:./dir", "oci", "./dir", ""},
		{"oci:dir:tag", "oci", "dir", "tag"},
		{"oci-archive:/a/b.tar", "oci-archive", "/a/b.tar", ""},
		{"docker-archive:a.tar:me/app:1", "docker-archive", "a.tar", "me/app:1"},
		{`oci:C:\images\app:tag`, "oci", `C:\images\app`, "tag"},
		{"oci:C:/images", "oci", "C:/images", ""},
		{"oci:", "oci", "", ""},
		{"nginx:1", "", "", ""},
		{"registry:5000/oci:1", "", "", ""},
		{"docker://nginx", "", "", ""},
		{"", "", "", ""},
	} {
		transport, path, which, ok := LocalImage(tt.image)
		if transport != tt.transport || path != tt.path || which != tt.which || ok != (tt.transport != "") {
			t.Errorf("%q: %q %q %q %v", tt.image, transport, path, which, ok)
		}
		if ok && JoinLocalImage(transport, path, which) != tt.image {
			t.Errorf("%q: joined it is %q", tt.image, JoinLocalImage(transport, path, which))
		}
	}
}

// Only a name with a registry is one that an image is pushed under.
func TestPushedImage(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"oci:dir:registry.test/me/app:1":                "registry.test/me/app:1",
		"docker-archive:/a.tar:127.0.0.1:5000/me/app:1": "127.0.0.1:5000/me/app:1",
		"oci-archive:a.tar:localhost/app":               "localhost/app",
		"docker-archive:a.tar:me/app:1":                 "",
		"oci:dir:tag":                                   "",
		"oci:dir:v1.2":                                  "",
		"oci:dir":                                       "",
		"registry.test/me/app:1":                        "",
	} {
		got, ok := PushedImage(image)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %v", image, got, ok)
		}
	}
}
