package instance

import "bytes"

// lineWriter gives what is written to it away in lines.
type lineWriter struct {
	say     func(string)
	partial []byte
}

// Write never fails.
func (w *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		w.say(string(append(w.partial, b[:i]...)))
		w.partial, b = w.partial[:0], b[i+1:]
	}
	w.partial = append(w.partial, b...)
	return n, nil
}

func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.say(string(w.partial))
		w.partial = nil
	}
}
