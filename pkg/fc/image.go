package fc

import "strings"

// Transports before the colon of an image's name, as skopeo and Podman call
// them (containers-transports(5)). Without one, a name is a reference that the
// cloud can pull.
const (
	TransportOCI           = "oci"            // a folder in OCI layout: oci:DIR[:TAG]
	TransportOCIArchive    = "oci-archive"    // the same in a tar: oci-archive:FILE[:TAG]
	TransportDockerArchive = "docker-archive" // from `docker save`: docker-archive:FILE[:REFERENCE]
)

// LocalImage splits the name of an image that is in files: its transport, the
// path and which image of them, which may be empty. ok is false for a reference.
func LocalImage(image string) (transport, path, which string, ok bool) {
	transport, rest, _ := strings.Cut(image, ":")
	switch transport {
	case TransportOCI, TransportOCIArchive, TransportDockerArchive:
	default:
		return "", "", "", false
	}
	drive := ""
	if len(rest) > 2 && rest[1] == ':' && (rest[2] == '\\' || rest[2] == '/') { // of Windows
		drive, rest = rest[:2], rest[2:]
	}
	path, which, _ = strings.Cut(rest, ":")
	return transport, drive + path, which, true
}

// PushedImage is the reference that an image in files has in a registry:
// docker-archive:FILE:REFERENCE, or the same of an OCI layout, whose tag is a
// reference then. It has to name its registry. ok is false without one.
func PushedImage(image string) (reference string, ok bool) {
	_, _, which, ok := LocalImage(image)
	host, _, named := strings.Cut(which, "/")
	return which, ok && named && (strings.ContainsAny(host, ".:") || host == "localhost")
}

// JoinLocalImage is the inverse of LocalImage.
func JoinLocalImage(transport, path, which string) string {
	name := transport + ":" + path
	if which != "" {
		name += ":" + which
	}
	return name
}
