package build

import (
	"encoding/json"
	"os"
	"path/filepath"

	"s/pkg/atomicfile"
)

// stampSuffix is appended to an artifact's path for the note of what it was
// made from.
const stampSuffix = ".build.json"

// driverVersion changes when artifacts would come out different from the same
// parts.
const driverVersion = "2"

// stamp says what an artifact was made from.
type stamp struct {
	Source string `json:"source"` // fingerprint; empty if it couldn't be trusted
	Inputs string `json:"inputs"`
	Tools  []Tool `json:"tools"`
	// Chosen are the options to build again with, How what tells all options
	// from others.
	Chosen *chosen `json:"chosen,omitempty"`
	How    string  `json:"how,omitempty"`
	// Archive is the name of the file in the artifact that is the code itself.
	Archive string `json:"archive,omitempty"`
}

// Code is what of an artifact is the code to deploy: the archive that a build
// made, else the folder.
func Code(artifactDir string) string {
	if name := readStamp(artifactDir).Archive; name != "" {
		return filepath.Join(artifactDir, name)
	}
	return artifactDir
}

// readStamp reads the note beside an artifact; a missing or damaged one is one
// that fits nothing.
func readStamp(artifactDir string) stamp {
	var s stamp
	data, err := os.ReadFile(artifactDir + stampSuffix)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return stamp{}
	}
	return s
}

// current reports whether the artifact at the path is the one of that source
// and inputs, made by tools that are there yet.
func (s stamp) current(artifactDir, source, inputs string) bool {
	if s.Source == "" || s.Source != source || s.Inputs != inputs {
		return false
	}
	for _, t := range s.Tools {
		if !filepath.IsAbs(t.Path) {
			continue // a program of an image
		}
		if _, err := os.Stat(t.Path); err != nil {
			return false
		}
	}
	info, err := os.Stat(artifactDir)
	return err == nil && info.IsDir()
}

func (s stamp) write(artifactDir string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	// Arguments of tools may have a password in them.
	return atomicfile.Write(artifactDir+stampSuffix, data, atomicfile.Options{Mode: 0o600})
}
