//go:build linux

package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// fakeProcess is a spare's process that ends when it is told to.
type fakeProcess struct {
	sandbox.Process
	once sync.Once
	done chan struct{}
}

func (p *fakeProcess) Done() <-chan struct{} { return p.done }

func (p *fakeProcess) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// keeping is a keeper in a time of its own, with spares that are no processes.
type keeping struct {
	*Spares
	t       *testing.T
	time    time.Time
	planned []plan
	made    []*spare
	fail    error
}

type plan struct {
	at time.Time
	do func()
}

func newKeeping(t *testing.T) *keeping {
	k := &keeping{t: t, Spares: NewSpares(SparesOptions{Idle: time.Minute, Pause: time.Second}), time: time.Unix(1000, 0)}
	k.now = func() time.Time { return k.time }
	k.after = func(d time.Duration, f func()) func() bool {
		k.planned = []plan{{k.time.Add(d), f}} // the one before was stopped
		return func() bool { k.planned = nil; return true }
	}
	k.make = func(_ context.Context, kind *kind) (*spare, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.fail != nil {
			return nil, k.fail
		}
		api, err := rapi.Listen(rapi.Config{Secret: "x"})
		if err != nil {
			return nil, err
		}
		s := &spare{kind: kind, id: fmt.Sprintf("spare-%d", len(k.made)), proc: &fakeProcess{done: make(chan struct{})}, api: api}
		k.made = append(k.made, s)
		return s, nil
	}
	t.Cleanup(k.Close)
	return k
}

// pass lets time pass and does what was planned, until nothing happens any more.
func (k *keeping) pass(d time.Duration) {
	k.t.Helper()
	end := k.time.Add(d)
	for {
		k.mu.Lock()
		var due func()
		if len(k.planned) > 0 && !k.planned[0].at.After(end) {
			k.time, due = k.planned[0].at, k.planned[0].do
			k.planned = nil
		}
		k.mu.Unlock()
		if due == nil {
			break
		}
		due()
		k.settle()
	}
	k.time = end
}

// settle waits until no spare is being made.
func (k *keeping) settle() {
	k.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		k.mu.Lock()
		making := false
		for _, seat := range k.seats {
			making = making || seat.making
		}
		k.mu.Unlock()
		if !making {
			return
		}
	}
	k.t.Fatal("a spare is never made")
}

func (k *keeping) start(kind *kind) {
	k.begin()
	k.end(kind)
}

// alive are the spares made that haven't ended.
func (k *keeping) alive() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.made {
		if s.alive() {
			n++
		}
	}
	return n
}

// left waits until so many spares haven't ended.
func (k *keeping) left(want int) {
	k.t.Helper()
	for deadline := time.Now().Add(patience); k.alive() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			k.t.Fatalf("%d spares are alive, want %d", k.alive(), want)
		}
	}
}

func aKind(t *testing.T, runtime, key string) *kind {
	return &kind{runtime: runtime, key: runtime + key, workDir: t.TempDir()}
}

// TestSparesComeAfterTheStart: one is made when nothing starts any more.
func TestSparesComeAfterTheStart(t *testing.T) {
	t.Parallel()
	k, python := newKeeping(t), aKind(t, "python3.10", "")
	if k.take(python) != nil || k.take(nil) != nil {
		t.Error("a spare out of nothing")
	}
	k.begin()
	k.pass(time.Hour) // the start takes long
	k.end(python)
	k.pass(900 * time.Millisecond)
	k.begin() // another start
	k.pass(2 * time.Second)
	if len(k.made) != 0 {
		t.Fatal("a spare is made while something starts")
	}
	k.end(nil) // of a function that can't have one
	k.pass(time.Second)
	if len(k.made) != 1 || k.Waiting() != 1 {
		t.Fatalf("%d made, %d wait", len(k.made), k.Waiting())
	}
	k.pass(10 * time.Second)
	k.start(python)
	k.pass(10 * time.Second)
	if len(k.made) != 1 {
		t.Error("a second one beside the first")
	}
	if k.take(aKind(t, "python3.10", "other")) != nil || k.take(aKind(t, "python3.9", "")) != nil {
		t.Error("a spare of another kind")
	}
	if s := k.take(python); s != k.made[0] || k.take(python) != nil {
		t.Errorf("took %+v, or twice", s)
	}
}

// TestSparesOfTheLastKind: one made for another kind gives way.
func TestSparesOfTheLastKind(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	small, large := aKind(t, "nodejs20", "256"), aKind(t, "nodejs20", "512")
	k.start(small)
	k.pass(2 * time.Second)
	k.start(large)
	k.left(0)
	k.pass(2 * time.Second)
	k.left(1)
	if k.take(small) != nil || k.take(large) == nil {
		t.Error("it isn't of the last kind")
	}
	// While one is being made, another kind is asked for.
	k.start(small)
	made := make(chan struct{})
	then := k.make
	k.make = func(ctx context.Context, of *kind) (*spare, error) {
		<-made
		return then(ctx, of)
	}
	k.mu.Lock()
	look := k.planned[0].do
	k.mu.Unlock()
	look()
	k.start(large)
	close(made)
	k.settle()
	k.make = then
	k.pass(2 * time.Second)
	k.left(2) // with the one that was taken
	if k.take(small) != nil || k.take(large) == nil {
		t.Error("it isn't of the last kind")
	}
}

// TestSparesGo: for want of use, for others, by themselves, and with the keeper.
func TestSparesGo(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	for n := range MaxSpares + 1 {
		k.start(aKind(t, fmt.Sprintf("python3.%d", n), ""))
		k.pass(2 * time.Second)
	}
	if k.Waiting() != MaxSpares || k.take(k.made[0].kind) != nil {
		t.Errorf("%d wait; the oldest gives way", k.Waiting())
	}
	k.left(MaxSpares)
	k.pass(30 * time.Second)
	k.start(k.made[3].kind)
	k.pass(40 * time.Second)
	k.left(1)
	k.made[3].proc.Close()
	for deadline := time.Now().Add(patience); k.Waiting() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a dead one waits")
		}
	}
	k.start(k.made[3].kind)
	k.pass(2 * time.Second)
	k.left(1)
	k.pass(time.Hour)
	k.left(0)
	if len(k.seats) != 0 || len(k.planned) != 0 {
		t.Error("it still plans something")
	}
	k.start(k.made[3].kind)
	k.pass(2 * time.Second)
	k.Close()
	if k.alive() != 0 || k.Waiting() != 0 {
		t.Error("one outlives the keeper")
	}
	before := len(k.made)
	k.start(k.made[3].kind)
	k.pass(time.Hour)
	if len(k.made) != before {
		t.Error("a closed keeper makes one")
	}
}

// TestSparesFail: it is tried again after the next start only.
func TestSparesFail(t *testing.T) {
	t.Parallel()
	k, python := newKeeping(t), aKind(t, "python3.10", "")
	tries := 0
	then := k.make
	k.make = func(ctx context.Context, of *kind) (*spare, error) {
		tries++
		return then(ctx, of)
	}
	k.fail = errors.New("no")
	k.start(python)
	k.pass(50 * time.Second)
	if tries != 1 || k.Waiting() != 0 {
		t.Errorf("%d tries", tries)
	}
	k.fail = nil
	k.start(python)
	k.pass(2 * time.Second)
	if k.Waiting() != 1 {
		t.Error("it isn't tried again")
	}
}

// TestNoSpares: instances start without a keeper.
func TestNoSpares(t *testing.T) {
	t.Parallel()
	var none *Spares
	none.begin()
	if none.take(&kind{}) != nil {
		t.Error("a spare of nobody")
	}
	none.end(&kind{})
	none.Close()
}
