package logfiles

import "slices"

// A block has a Bloom filter of the words in it: signatureBits bits, of which each word
// sets signatureMarks. A block of 256 lines has about 1,500 words and beginnings; then
// one word in 10,000 seems to be there that isn't.
const (
	signatureBits  = 1 << 15
	signatureBytes = signatureBits / 8
	signatureMarks = 8
)

// The hash of what a filter knows begins with one of these.
const (
	seedWord  = 14695981039346656037 // FNV-1a's
	seedStart = seedWord ^ 0x5353535353535353
	seedTopic = seedWord ^ 0x7474747474747474
	fnvPrime  = 1099511628211
)

// starts are the lengths of the beginnings of words that a filter knows.
func isStart(n int) bool { return n == 2 || n == 4 || n == 8 }

func hashOf(seed uint64, text string) uint64 {
	for i := range len(text) {
		seed = (seed ^ uint64(text[i])) * fnvPrime
	}
	return mixed(seed)
}

// mixed spreads what FNV leaves in the lower bits over all (the end of MurmurHash3).
func mixed(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// marks are the bits of a hash.
func marks(hash uint64) (at [signatureMarks]uint32) {
	step := uint32(hash>>32) | 1
	for i := range at {
		at[i] = (uint32(hash) + uint32(i)*step) % signatureBits
	}
	return at
}

// signature is the filter of a block.
type signature [signatureBytes]byte

func (s *signature) add(hash uint64) {
	for _, at := range marks(hash) {
		s[at/8] |= 1 << (at % 8)
	}
}

func (s *signature) has(hash uint64) bool {
	for _, at := range marks(hash) {
		if s[at/8]&(1<<(at%8)) == 0 {
			return false
		}
	}
	return true
}

// signatureOf knows the words of lines, in all fields but the topic, which it knows as
// a whole.
func signatureOf(lines []Line) *signature {
	s := new(signature)
	var last Line
	for i := range lines {
		line := &lines[i]
		before := last.fields()
		for n, text := range line.fields() {
			switch {
			case *text == *before[n]: // mostly that of the line before
			case n == 0:
				s.add(hashOf(seedTopic, *text))
			default:
				s.addText(*text)
			}
		}
		last = *line
	}
	return s
}

func (s *signature) addText(text string) {
	for text != "" {
		var word string
		if word, text = nextWord(text); word == "" {
			continue
		}
		if !ascii(word) {
			word = Words(word)[0]
		}
		h, start := uint64(seedWord), uint64(seedStart)
		for i := range len(word) {
			c := uint64(lower(word[i]))
			h, start = (h^c)*fnvPrime, (start^c)*fnvPrime
			if isStart(i + 1) {
				s.add(mixed(start))
			}
		}
		s.add(mixed(h))
	}
}

// blockSet is a set of a segment's blocks.
type blockSet []uint64

func everyBlock(blocks int) blockSet {
	s := make(blockSet, (blocks+63)/64)
	for i := range s {
		s[i] = ^uint64(0)
	}
	return s
}

func (s blockSet) has(block int) bool { return s[block/64]&(1<<(block%64)) != 0 }

func (s blockSet) empty() bool {
	return !slices.ContainsFunc(s, func(bits uint64) bool { return bits != 0 })
}

// Filter says what must be in a line for it to be wanted. It is there to pass over
// lines, not to choose them: whoever asks looks at those that come. Nil lets all come.
type Filter struct {
	hash uint64
	all  []*Filter // if not empty, all must agree
	any  []*Filter // if not empty, one must
}

// HasTopic wants a topic.
func HasTopic(topic string) *Filter { return &Filter{hash: hashOf(seedTopic, topic)} }

// HasText wants a word, as HasWord has it.
func HasText(word string) *Filter {
	if n := len(word); n == 0 || word[n-1] != '*' {
		return &Filter{hash: hashOf(seedWord, word)}
	}
	for n := len(word) - 1; n > 0; n-- {
		if isStart(n) {
			return &Filter{hash: hashOf(seedStart, word[:n])}
		}
	}
	return nil
}

// All wants what all filters want.
func All(filters ...*Filter) *Filter {
	var some []*Filter
	for _, f := range filters {
		if f != nil {
			some = append(some, f)
		}
	}
	switch len(some) {
	case 0:
		return nil
	case 1:
		return some[0]
	}
	return &Filter{all: some}
}

// Any wants what one of the filters wants.
func Any(filters ...*Filter) *Filter {
	for _, f := range filters {
		if f == nil {
			return nil
		}
	}
	return &Filter{any: filters}
}

// blocks are those, of so many, in which wanted lines may be; with says in which a hash
// may be.
func (f *Filter) blocks(all int, with func(hash uint64) (blockSet, error)) (blockSet, error) {
	switch {
	case f == nil:
		return everyBlock(all), nil
	case len(f.all) > 0:
		found := everyBlock(all)
		for _, part := range f.all {
			set, err := part.blocks(all, with)
			if err != nil {
				return set, err
			}
			for i := range found {
				found[i] &= set[i]
			}
			if found.empty() {
				break
			}
		}
		return found, nil
	case len(f.any) > 0:
		found := make(blockSet, len(everyBlock(all)))
		for _, part := range f.any {
			set, err := part.blocks(all, with)
			if err != nil {
				return set, err
			}
			for i := range found {
				found[i] |= set[i]
			}
		}
		return found, nil
	}
	return with(f.hash)
}

// passes reports whether wanted lines may be in a block with a filter.
func (f *Filter) passes(s *signature) bool {
	switch {
	case f == nil:
		return true
	case len(f.all) > 0:
		return !slices.ContainsFunc(f.all, func(part *Filter) bool { return !part.passes(s) })
	case len(f.any) > 0:
		return slices.ContainsFunc(f.any, func(part *Filter) bool { return part.passes(s) })
	}
	return s.has(f.hash)
}
