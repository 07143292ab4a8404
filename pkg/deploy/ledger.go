package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"s/pkg/atomicfile"
)

// ledgerFile is where a project keeps what its deployments made, below .s.
const ledgerFile = "deployed.json"

// ledgerVersion is of the format of that file.
const ledgerVersion = 1

// Place is where a file's resources are deployed: the same project may be in
// several accounts, and on this machine.
type Place struct {
	File     string `json:"file"` // the name of the s.yaml
	Account  string `json:"account"`
	Endpoint string `json:"endpoint,omitempty"` // "local", a custom one, or FC's own
}

// Ledger knows what deployments of a project made, so that what was taken out of
// s.yaml is found. It has names only.
type Ledger struct {
	path    string
	place   Place
	known   []Footprint
	changed map[string]*Footprint // by key; nil is gone
	// What was made for "auto": before, in this run, and what of it went.
	made, madeNow, madeGone []Made
}

// ledgerDoc is the file.
type ledgerDoc struct {
	Version int           `json:"version"`
	Places  []ledgerPlace `json:"places"`
}

type ledgerPlace struct {
	Place
	Resources []Footprint `json:"resources"`
	Made      []Made      `json:"made,omitempty"`
}

// OpenLedger reads what is known of deployments of a project in dir. A file that
// can't be read is an error, and the ledger is one that knows nothing.
func OpenLedger(dir string, place Place) (*Ledger, error) {
	l := &Ledger{path: filepath.Join(dir, ".s", ledgerFile), place: place, changed: map[string]*Footprint{}}
	doc, err := l.read()
	if err != nil {
		return l, err
	}
	if p := doc.place(place); p != nil {
		l.known, l.made = p.Resources, p.Made
	}
	return l, nil
}

func (l *Ledger) read() (*ledgerDoc, error) {
	data, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &ledgerDoc{Version: ledgerVersion}, nil
	}
	if err != nil {
		return nil, err
	}
	doc := &ledgerDoc{}
	if err := json.Unmarshal(data, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", l.path, err)
	}
	if doc.Version != ledgerVersion {
		return nil, fmt.Errorf("%s is of version %d, and this is version %d", l.path, doc.Version, ledgerVersion)
	}
	return doc, nil
}

func (d *ledgerDoc) place(p Place) *ledgerPlace {
	for i := range d.Places {
		if d.Places[i].Place == p {
			return &d.Places[i]
		}
	}
	return nil
}

// key tells functions apart.
func (f Footprint) key() string { return f.Region + "/" + f.Function }

// Before gives what earlier deployments made of a function; nothing is its zero
// value.
func (l *Ledger) Before(region, function string) Footprint {
	for _, f := range l.known {
		if f.Region == region && f.Function == function {
			return f
		}
	}
	return Footprint{}
}

// Dropped gives what was deployed of resources that there no longer are. keep
// tells whether there is a resource of a name, or of a function in a region.
func (l *Ledger) Dropped(resource func(name string) bool, function func(region, name string) bool) []Footprint {
	var dropped []Footprint
	for _, f := range l.known {
		if !resource(f.Resource) && !function(f.Region, f.Function) {
			dropped = append(dropped, f)
		}
	}
	return dropped
}

// Record notes what is there of a function now.
func (l *Ledger) Record(f Footprint) {
	if !reflect.DeepEqual(l.Before(f.Region, f.Function), f) {
		l.changed[f.key()] = &f
	}
}

// Forget notes that a function is gone.
func (l *Ledger) Forget(region, function string) {
	f := Footprint{Region: region, Function: function}
	if l.Before(region, function).Function != "" || l.changed[f.key()] != nil {
		l.changed[f.key()] = nil
	}
}

// Save writes what was noted, over what others wrote meanwhile. Without anything
// new it does nothing.
func (l *Ledger) Save() error {
	if len(l.changed)+len(l.madeNow)+len(l.madeGone) == 0 {
		return nil
	}
	doc, err := l.read()
	if err != nil { // it is told when it is opened
		doc = &ledgerDoc{Version: ledgerVersion}
	}
	place := doc.place(l.place)
	if place == nil {
		doc.Places = append(doc.Places, ledgerPlace{Place: l.place})
		place = &doc.Places[len(doc.Places)-1]
	}
	place.Resources = slices.DeleteFunc(place.Resources, func(f Footprint) bool {
		_, changed := l.changed[f.key()]
		return changed
	})
	for _, f := range l.changed {
		if f != nil {
			place.Resources = append(place.Resources, *f)
		}
	}
	slices.SortFunc(place.Resources, func(a, b Footprint) int {
		if a.key() < b.key() {
			return -1
		}
		return 1
	})
	for _, m := range l.madeNow {
		if !slices.Contains(place.Made, m) {
			place.Made = append(place.Made, m)
		}
	}
	place.Made = slices.DeleteFunc(place.Made, func(m Made) bool { return slices.Contains(l.madeGone, m) })
	doc.Places = slices.DeleteFunc(doc.Places, func(p ledgerPlace) bool { return len(p.Resources)+len(p.Made) == 0 })
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(l.path, append(data, '\n'), atomicfile.Options{Mode: 0o644})
}
