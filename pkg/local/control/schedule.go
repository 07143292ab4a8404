package control

import (
	"slices"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/triggers"
)

// checkProvision checks what PutProvisionConfig is given by the clock and by load (its
// fields scheduledActions and targetTrackingPolicies).
func checkProvision(p *fc.ProvisionConfig) error {
	for _, policy := range p.TargetTrackingPolicies {
		if policy.MetricType != "" && !slices.Contains(metricTypes(), policy.MetricType) {
			return invalid("targetTrackingPolicies.metricType '%s' is not one of %s", policy.MetricType, strings.Join(metricTypes(), ", "))
		}
	}
	return checkActions("scheduledActions", p.ScheduledActions)
}

func metricTypes() []string {
	return []string{"ProvisionedConcurrencyUtilization", "CPUUtilization", "GPUMemUtilization"}
}

// checkActions checks numbers of instances by the clock. Whether the expression must
// be there isn't documented.
func checkActions(field string, actions []fc.ScheduledAction) error {
	for _, a := range actions {
		if err := between(field+".target", a.Target, 0, maxTarget); err != nil {
			return err
		}
		if a.ScheduleExpression != "" && !isSchedule(a.ScheduleExpression) {
			return invalid("%s.scheduleExpression '%s' is not at(<time>) or cron(<six fields>)", field, a.ScheduleExpression)
		}
	}
	return nil
}

// isSchedule accepts at(2006-01-02T15:04:05), in UTC also with a Z, and cron(...) with
// the fields of timers.
func isSchedule(text string) bool {
	inside, closed := strings.CutSuffix(text, ")")
	if at, ok := strings.CutPrefix(inside, "at("); ok {
		_, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(at, "Z"))
		return closed && err == nil
	}
	cron, ok := strings.CutPrefix(inside, "cron(")
	if !ok || !closed || strings.ContainsAny(cron, "@=") {
		return false
	}
	_, err := triggers.ParseSchedule(cron)
	return err == nil
}
