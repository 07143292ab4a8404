package main

import (
	"context"
	"slices"
	"time"
)

// median of samples, which are sorted.
func median[T int64 | float64 | time.Duration](samples []T) T { return percentile(samples, 50) }

// percentile p of samples, which are sorted (nearest rank).
func percentile[T int64 | float64 | time.Duration](samples []T, p int) T {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	return samples[max((p*len(samples)+99)/100, 1)-1]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// repeat calls f n times until it fails.
func repeat(ctx context.Context, n int, f func() error) error {
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}
