package cmdutil

import (
	"io"
	"sync"

	"s/pkg/iostreams"
)

// Sections keeps together what each of several things that run at the same time
// prints. What the first prints is shown as it comes, that of the others once all
// before them are done: in the same order every time, whoever is the fastest.
type Sections struct {
	io *iostreams.IOStreams

	mu   sync.Mutex
	list []*section
	turn int // whose output is shown as it comes
	err  error
}

// section is what one of them has printed before its turn.
type section struct {
	io      *iostreams.IOStreams
	heading string
	chunks  []chunk
	done    bool
}

type chunk struct {
	to   io.Writer
	data []byte
}

// NewSections makes a section for each of the headings. One that isn't empty is
// a line on stderr above what the section prints, if it prints anything.
func NewSections(io *iostreams.IOStreams, headings ...string) *Sections {
	s := &Sections{io: io.Above()}
	for i, heading := range headings {
		own := s.io.With(&sectionWriter{s, i, s.io.Out}, &sectionWriter{s, i, s.io.ErrOut})
		own.KeepProgress()
		s.list = append(s.list, &section{io: own, heading: heading})
	}
	return s
}

// IO gives the streams of a section. Nobody can be asked there. Progress that ends
// is shown until the section's turn.
func (s *Sections) IO(i int) *iostreams.IOStreams { return s.list[i].io }

// Done ends a section. Nothing may be printed there afterwards.
func (s *Sections) Done(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list[i].done = true
	for s.turn < len(s.list) && s.list[s.turn].done {
		s.list[s.turn].io.DropProgress()
		s.turn++
		if s.turn < len(s.list) {
			s.flush(s.list[s.turn])
		}
	}
}

// Err is the first error of writing what was kept for later.
func (s *Sections) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Sections) flush(sec *section) {
	for _, c := range sec.chunks {
		if _, err := c.to.Write(c.data); err != nil && s.err == nil {
			s.err = err
		}
	}
	sec.chunks = nil
}

func (s *Sections) write(i int, to io.Writer, data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sec := s.list[i]
	if sec.heading != "" {
		sec.chunks = []chunk{{s.io.ErrOut, []byte(sec.heading + "\n")}}
		sec.heading = ""
	}
	if i == s.turn {
		s.flush(sec)
		return to.Write(data)
	}
	if last := len(sec.chunks) - 1; last >= 0 && sec.chunks[last].to == to {
		sec.chunks[last].data = append(sec.chunks[last].data, data...)
		return len(data), nil
	}
	sec.chunks = append(sec.chunks, chunk{to, append([]byte(nil), data...)})
	return len(data), nil
}

// sectionWriter is a stream of one section.
type sectionWriter struct {
	sections *Sections
	i        int
	to       io.Writer
}

// Write shows data, or keeps it until it is the section's turn.
func (w *sectionWriter) Write(data []byte) (int, error) {
	return w.sections.write(w.i, w.to, data)
}
