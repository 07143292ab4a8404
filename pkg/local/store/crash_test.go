package store

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// envSeed makes the process that is killed a busy one, with this seed.
const envSeed = "STORE_TEST_SEED"

// step is one change of the state, chosen by chance.
type step struct {
	Op, Service, Function, Value string
}

// steps are always the same ones for a seed and a lane. Lanes have services of their
// own, and the code of all.
func steps(seed uint64, lane int) func() step {
	chance := rand.New(rand.NewPCG(seed, uint64(lane)))
	return func() step {
		ops := []string{"create service", "role", "create", "create", "code", "code", "trigger", "untrigger", "delete", "delete service"}
		return step{
			ops[chance.IntN(len(ops))], laneName(lane) + fmt.Sprint("s", chance.IntN(2)), fmt.Sprint("f", chance.IntN(3)), fmt.Sprint("v", chance.IntN(4)),
		}
	}
}

// laneName begins the names of a lane's services.
func laneName(lane int) string { return fmt.Sprint("lane", lane, "-") }

// do makes the change in a store; whether it was refused is part of the test.
func (p step) do(s *Store) error {
	name := p.Service + "$" + p.Function
	switch p.Op {
	case "create service":
		return s.CreateService(service(p.Service))
	case "role":
		_, err := s.UpdateService("r", p.Service,
			func(svc *Service) error { svc.Service.Role = p.Value; return nil },
			func(svc *Service, f *Function) { f.Function.Role = svc.Service.Role })
		return err
	case "create", "code":
		code, release, err := s.PutCode(archiveOf(p.Value))
		if err != nil {
			return err
		}
		defer release()
		if p.Op == "code" {
			_, err = s.UpdateFunction("r", name, func(f *Function) error { f.Code = code; return nil })
			return err
		}
		f := function(name)
		if svc, err := s.Service("r", p.Service); err == nil {
			f.Function.Role = svc.Service.Role
		}
		f.Code = code
		return s.CreateFunction(f)
	case "trigger":
		return s.CreateTrigger(trigger(name, "t", "LATEST", p.Service+"-"+p.Function), accept)
	case "untrigger":
		return s.DeleteTrigger("r", name, "t", accept)
	case "delete":
		return s.DeleteFunction("r", name, accept)
	}
	return s.DeleteService("r", p.Service, accept)
}

// model is the state that steps lead to, kept by other means: roles by service,
// code and whether there is a trigger by function.
type model struct {
	Roles     map[string]string
	Code      map[string]string
	Triggered map[string]bool
}

func newModel() *model { return &model{map[string]string{}, map[string]string{}, map[string]bool{}} }

// do makes the change, unless the state forbids it.
func (m *model) do(p step) (done bool) {
	name := p.Service + "$" + p.Function
	_, isService := m.Roles[p.Service]
	_, isFunction := m.Code[name]
	switch p.Op {
	case "create service":
		if done = !isService; done {
			m.Roles[p.Service] = ""
		}
	case "role":
		if done = isService; done {
			m.Roles[p.Service] = p.Value
		}
	case "create":
		if done = isService && !isFunction; done {
			m.Code[name] = p.Value
		}
	case "code":
		if done = isFunction; done {
			m.Code[name] = p.Value
		}
	case "trigger":
		if done = isFunction && !m.Triggered[name]; done {
			m.Triggered[name] = true
		}
	case "untrigger":
		done = m.Triggered[name]
		delete(m.Triggered, name)
	case "delete":
		if done = isFunction && !m.Triggered[name]; done {
			delete(m.Code, name)
		}
	case "delete service":
		done = isService
		for function := range m.Code {
			done = done && !strings.HasPrefix(function, p.Service+"$")
		}
		if done {
			delete(m.Roles, p.Service)
		}
	}
	return done
}

// clone copies a model.
func (m *model) clone() *model {
	return &model{maps.Clone(m.Roles), maps.Clone(m.Code), maps.Clone(m.Triggered)}
}

// text is a model for comparison.
func (m *model) text() string {
	text, _ := json.Marshal(m)
	return string(text)
}

// modelOf reads what a store has of a lane, and checks that it hangs together: a
// function has its service's role, its whole archive, its trigger's host.
func modelOf(t *testing.T, s *Store, lane int) *model {
	t.Helper()
	m := newModel()
	of := func(name string) bool { return strings.HasPrefix(name, laneName(lane)) }
	for _, svc := range s.Services("r") {
		if !of(svc.Service.ServiceName) {
			continue
		}
		m.Roles[svc.Service.ServiceName] = svc.Service.Role
	}
	for _, f := range s.Functions("r") {
		name := f.Function.FunctionName
		if !of(name) {
			continue
		}
		serviceName, functionName, _ := strings.Cut(name, "$")
		if role, there := m.Roles[serviceName]; !there || role != f.Function.Role {
			t.Errorf("%s has the role %q, its service %q, %v", name, f.Function.Role, role, there)
		}
		zip, err := os.ReadFile(s.CodeArchive(f.Code.SHA256))
		if err != nil || Checksum(zip) != f.Code.Checksum || int64(len(zip)) != f.Code.Size {
			t.Errorf("%s: %d bytes of code, %v", name, len(zip), err)
		}
		for n := range 4 {
			if value := fmt.Sprint("v", n); string(archiveOf(value)) == string(zip) {
				m.Code[name] = value
			}
		}
		if _, err := s.Trigger("r", name, "t"); err == nil {
			m.Triggered[name] = true
		}
		if _, err := s.TriggerByHost("r", serviceName+"-"+functionName); (err == nil) != m.Triggered[name] {
			t.Errorf("%s: triggered %v, by its host %v", name, m.Triggered[name], err)
		}
	}
	return m
}

// stepForever goes on in all lanes until it is killed. It says of each step its lane and
// whether it was done, when that is acknowledged.
func stepForever(dir string, seed uint64) {
	s, err := Open(context.Background(), dir)
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for lane := range lanes(seed) {
		all.Go(func() {
			for next := steps(seed, lane); ; {
				fmt.Println(lane, next().do(s) == nil)
			}
		})
	}
	all.Wait()
}

// lanes is how many of a seed take steps at once.
func lanes(seed uint64) int { return []int{1, 2, 16}[seed%3] }

// lane is what is known of one lane of a process.
type lane struct {
	want *model
	next func() step
}

// acknowledged takes the step that a process says it has taken.
func (l *lane) acknowledged(t *testing.T, said string) {
	t.Helper()
	p := l.next()
	if done := l.want.do(p); fmt.Sprint(done) != said {
		t.Errorf("%+v: the store says %s, want %v", p, said, done)
	}
}

// TestStateIsThatOfTheAcknowledgedSteps, or of one more in each lane, after kill -9 at
// any moment, also between steps that are committed together: nothing half, nothing lost,
// nothing left over.
func TestStateIsThatOfTheAcknowledgedSteps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(9) {
		t.Run(fmt.Sprintf("seed %d, %d at once", seed, lanes(seed)), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), envDir+"="+dir, envSeed+"="+fmt.Sprint(seed))
			out, err := cmd.StdoutPipe()
			must(t, err, cmd.Start())
			var all []*lane
			for i := range lanes(seed) {
				all = append(all, &lane{newModel(), steps(seed, i)})
			}
			enough, count := 25+int(seed)*6+5*len(all), 0
			for lines := bufio.NewScanner(out); lines.Scan(); count++ {
				i, said := 0, ""
				_, err := fmt.Sscan(lines.Text(), &i, &said)
				must(t, err)
				all[i].acknowledged(t, said)
				if count == enough {
					must(t, cmd.Process.Kill()) // at whatever it does now
				}
			}
			io.Copy(io.Discard, out)
			cmd.Wait()
			if count < enough {
				t.Fatalf("only %d steps", count)
			}
			s := open(t, dir)
			for i, l := range all {
				got, more := modelOf(t, s, i), l.want.clone()
				more.do(l.next())
				if text := got.text(); text != l.want.text() && text != more.text() {
					t.Errorf("lane %d, after %d steps in all\n%s\nwant\n%s\nor\n%s", i, count, text, l.want.text(), more.text())
				}
			}
			onlyNeeded(t, s)
		})
	}
}

// TestStepsAtOnce: lanes that take their steps at once don't see anything of each other,
// and all of it is there when the store is opened again.
func TestStepsAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	var all []*lane
	var running sync.WaitGroup
	for i := range 8 {
		l := &lane{newModel(), steps(7, i)}
		all = append(all, l)
		running.Go(func() {
			for range 30 {
				p := l.next()
				if err := p.do(s); (err == nil) != l.want.do(p) {
					t.Errorf("%+v: %v", p, err)
				}
			}
		})
	}
	running.Wait()
	onlyNeeded(t, s)
	for _, s := range []*Store{s, reopen(t, s)} {
		for i, l := range all {
			if got := modelOf(t, s, i).text(); got != l.want.text() {
				t.Errorf("lane %d:\n%s\nwant\n%s", i, got, l.want.text())
			}
		}
	}
}

// onlyNeeded checks that the code folder has the archives of functions and
// nothing else.
func onlyNeeded(t *testing.T, s *Store) {
	t.Helper()
	needed := map[string]bool{}
	for _, f := range s.Functions("r") {
		needed[f.Code.SHA256+archiveSuffix] = true
	}
	if got, want := codeFiles(t, s), slices.Sorted(maps.Keys(needed)); !slices.Equal(got, want) {
		t.Errorf("the code folder has %v, want %v", got, want)
	}
}

// TestStepsByChance: a store does what the model does, opened again and again.
func TestStepsByChance(t *testing.T) {
	t.Parallel()
	s, want, next := open(t, t.TempDir()), newModel(), steps(99, 0)
	for i := range 300 {
		p := next()
		if err := p.do(s); (err == nil) != want.do(p) {
			t.Fatalf("step %d, %+v: %v", i, p, err)
		}
		if i%50 == 49 {
			onlyNeeded(t, s)
			s = reopen(t, s)
		}
		if got := modelOf(t, s, 0).text(); got != want.text() {
			t.Fatalf("step %d, %+v:\n%s\nwant\n%s", i, p, got, want.text())
		}
	}
}
