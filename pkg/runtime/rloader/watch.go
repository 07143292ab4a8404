package rloader

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// Watch as argv[1] makes rloader watch over process groups, where the kernel
// has no means to end them with the program that started them.
const Watch = "watch"

// WatchLine tells a watching rloader, on its standard input, that a process
// group began or has ended.
func WatchLine(group int, begins bool) string {
	if begins {
		return fmt.Sprintf("+%d\n", group)
	}
	return fmt.Sprintf("-%d\n", group)
}

// watch reads WatchLines until their end, which comes with the end of the
// program that writes them, however it ends, and kills the groups left.
func watch(lines io.Reader, kill func(group int)) {
	groups := map[int]bool{}
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		line := scanner.Text()
		group, err := strconv.Atoi(line[min(1, len(line)):])
		switch {
		case err != nil || group <= 1: // never a signal to everybody
		case line[0] == '+':
			groups[group] = true
		case line[0] == '-':
			delete(groups, group)
		}
	}
	for group := range groups {
		kill(group)
	}
}
