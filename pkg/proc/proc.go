// Package proc looks at the processes of this machine: who descends from whom,
// and who holds a port.
package proc
