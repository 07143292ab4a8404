package triggers

import (
	"testing"
	"time"
)

const everyMinute = `{"cronExpression":"@every 1m","enable":true,"payload":"p"}`

func TestTimer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", everyMinute)
		want(t, w.ran(59*time.Second))
		want(t, w.ran(time.Second), "01T00:01:00")
		want(t, w.ran(2*time.Minute), "01T00:02:00", "01T00:03:00")
		w.status(TimerStatus{Next: "2000-01-01T00:04:00Z", Fired: 3})
		w.timer("t", `{"cronExpression":"CRON_TZ=Asia/Shanghai 0 30 8 * * *","enable":true,"payload":"p"}`)
		want(t, w.ran(24*time.Hour), "01T00:30:00")
		w.timer("t", `{"cronExpression":"@every 1m","enable":false}`)
		want(t, w.ran(time.Hour))
		if got := w.s.Timers(); len(got) != 0 {
			t.Errorf("one that is switched off is shown: %+v", got)
		}
		w.timer("t", everyMinute)
		want(t, w.ran(time.Minute), "02T01:04:00")
		w.timer("t", "")
		want(t, w.ran(time.Hour))
		w.logged("")
	})
}

// What was missed while the machine slept is counted, not made up for.
func TestSleep(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", everyMinute)
		want(t, w.ran(time.Minute), "01T00:01:00")
		w.skew.Store(int64(8*time.Hour + 30*time.Second)) // the system's time goes on alone
		want(t, w.ran(20*time.Second))
		w.status(TimerStatus{Next: "2000-01-01T08:02:00Z", Fired: 1, Missed: 480})
		w.logged("timer t of f: 480 runs after 2000-01-01T00:01:00Z were missed")
		want(t, w.ran(20*time.Second), "01T08:02:00")
	})
}

// One that is late by less than the grace is made.
func TestSleepUntilJustAfterARun(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", `{"cronExpression":"0 0 * * * *","enable":true,"payload":"p"}`)
		want(t, w.ran(10*time.Minute))
		w.skew.Store(int64(4*time.Hour - 10*time.Minute - 9*time.Second)) // at the next look it is at most a second after 4:00
		want(t, w.ran(11*time.Second), "01T04:00:00")
		w.status(TimerStatus{Next: "2000-01-01T05:00:00Z", Fired: 1, Missed: 3})
	})
}

func TestStoppedCloud(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", everyMinute)
		want(t, w.ran(time.Minute), "01T00:01:00")
		w.close()
		time.Sleep(10*time.Minute + 30*time.Second)
		w.open()
		want(t, w.ran(time.Second))
		w.status(TimerStatus{Next: "2000-01-01T00:12:00Z", Fired: 1, Missed: 10})
		w.logged("10 runs")
		// A configuration that was changed meanwhile begins anew.
		w.close()
		w.timer2(`{"cronExpression":"@every 1h","enable":true,"payload":"p"}`)
		time.Sleep(24 * time.Hour)
		w.open()
		w.status(TimerStatus{Next: "2000-01-02T01:11:31Z", Fired: 1, Missed: 10})
		// One that is gone is forgotten.
		w.close()
		w.triggers = nil
		w.open()
		if timers, err := w.queue.Timers(); err != nil || len(timers) != 0 {
			t.Errorf("%+v %v", timers, err)
		}
	})
}

// timer2 changes the trigger behind the service's back.
func (w *world) timer2(config string) {
	changed := *w.triggers[0]
	changed.Trigger.TriggerConfig = config
	w.triggers[0] = &changed
}

// When the system's time is set back, timers go on.
func TestTimeSetBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", everyMinute)
		w.ran(10 * time.Minute)
		w.skew.Store(int64(-5 * time.Minute))
		if got := w.ran(3 * time.Minute); len(got) < 2 || len(got) > 3 {
			t.Errorf("ran %q", got)
		}
	})
}

func TestTimerThatNeverRuns(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.open()
		w.timer("t", `{"cronExpression":"0 0 0 31 2 *","enable":true}`)
		want(t, w.ran(time.Hour))
		w.status(TimerStatus{})
	})
}
