package rloader

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestIs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"s", "local", "up"}, false},
		{[]string{"/usr/bin/s", Path}, false},
		{[]string{Path}, true},
		{[]string{Path, Try}, true},
		{[]string{Path + "x"}, false},
	} {
		if got := Is(test.args); got != test.want {
			t.Errorf("Is(%q) = %t", test.args, got)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines string
		want  []int
	}{
		"nothing":        {"", nil},
		"one left":       {WatchLine(10, true), []int{10}},
		"one ended":      {WatchLine(10, true) + WatchLine(10, false), nil},
		"some":           {WatchLine(10, true) + WatchLine(20, true) + WatchLine(10, false) + WatchLine(30, true), []int{20, 30}},
		"number reused":  {WatchLine(10, true) + WatchLine(10, false) + WatchLine(10, true), []int{10}},
		"cut off":        {WatchLine(10, true) + "+", []int{10}},
		"never all":      {"+0\n+1\n+-1\n", nil},
		"nonsense":       {"\n\nx\n+\n+x\n10\n", nil},
		"without an end": {"+10\n+20", []int{10, 20}},
	} {
		var killed []int
		watch(strings.NewReader(test.lines), func(group int) { killed = append(killed, group) })
		slices.Sort(killed)
		if !slices.Equal(killed, test.want) {
			t.Errorf("%s: killed %v, want %v", name, killed, test.want)
		}
	}
}

// TestOrderSurvivesTheWire: a field that JSON loses would be noticed late.
func TestOrderSurvivesTheWire(t *testing.T) {
	t.Parallel()
	order := Order{
		Kind: KindRun, Args: []string{"a", "b c", "\x00binary\xc3\xa9"}, Env: []string{"A=1"}, Dir: "/code", Stay: true, Root: "/r",
		Mounts: []Mount{{Source: "/s", Target: "/t", ReadOnly: true}}, TmpImage: "/image", Folders: []string{"/code/lib"}, TmpDir: "/tmp1", Self: "/bin/s", GuardProc: true,
		Filter: true, TTY: true, Rows: 1, Cols: 2, Files: []string{FileStdout}, User: "ann:staff",
		Image: &Image{Dir: "/d", Layers: []string{"a/fs", "b/fs"}, Scratch: "/i", UserXattr: true, Tree: "/t"},
	}
	for i, v := 0, reflect.ValueOf(order); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves %s out", v.Type().Field(i).Name)
		}
	}
	body, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	var got Order
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, order) {
		t.Errorf("got %+v, want %+v", got, order)
	}
}
