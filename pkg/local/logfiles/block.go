package logfiles

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"time"

	"github.com/klauspost/compress/s2"
)

// A block is full with so many lines or so many bytes, whichever comes first.
const (
	blockLines = 256
	blockBytes = 64 << 10
)

// blockHead is the size of what is before a block's contents: count, sizes and sums of
// the times and of the rest, the first and the last time.
const blockHead = 5*4 + 2*8

// errDamaged says that bytes aren't those that were written.
var errDamaged = errors.New("what is in it isn't what was written")

// blockInfo is where a block is in its file and what it holds.
type blockInfo struct {
	off, size int64
	count     int
	min, max  int64 // nanoseconds
}

func sum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// encodeBlock writes lines, which are in the order of their time.
func encodeBlock(lines []Line) ([]byte, blockInfo) {
	info := blockInfo{count: len(lines), min: lines[0].Time.UnixNano(), max: lines[len(lines)-1].Time.UnixNano()}
	var times, fields []byte
	last := info.min
	for i := range lines {
		nanos := lines[i].Time.UnixNano()
		times = binary.AppendUvarint(times, uint64(nanos-last))
		last = nanos
		fields = lines[i].appendFields(fields)
	}
	body := s2.Encode(nil, fields)
	data := make([]byte, blockHead, blockHead+len(times)+len(body))
	for i, n := range []uint32{uint32(len(lines)), uint32(len(times)), sum(times), uint32(len(body)), sum(body)} {
		binary.LittleEndian.PutUint32(data[4*i:], n)
	}
	binary.LittleEndian.PutUint64(data[20:], uint64(info.min))
	binary.LittleEndian.PutUint64(data[28:], uint64(info.max))
	data = append(append(data, times...), body...)
	info.size = int64(len(data))
	return data, info
}

// head is what stands before a block's contents.
type head struct {
	blockInfo
	times, timesSum, body, bodySum uint32
}

func decodeHead(data []byte) head {
	n := func(i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
	h := head{times: n(1), timesSum: n(2), body: n(3), bodySum: n(4)}
	h.count = int(n(0))
	h.min, h.max = int64(binary.LittleEndian.Uint64(data[20:])), int64(binary.LittleEndian.Uint64(data[28:]))
	h.size = blockHead + int64(h.times) + int64(h.body)
	return h
}

// decodeTimes reads the times of a block's lines.
func (h *head) decodeTimes(data []byte) ([]int64, error) {
	if sum(data) != h.timesSum {
		return nil, errDamaged
	}
	times := make([]int64, 0, min(h.count, len(data)))
	last := h.min
	for len(data) > 0 {
		delta, n := binary.Uvarint(data)
		if n <= 0 {
			return nil, errDamaged
		}
		last += int64(delta)
		times, data = append(times, last), data[n:]
	}
	if len(times) != h.count {
		return nil, errDamaged
	}
	return times, nil
}

// decodeBlock reads the lines of a block.
func decodeBlock(data []byte) ([]Line, error) {
	if len(data) < blockHead {
		return nil, errDamaged
	}
	h := decodeHead(data)
	if int64(len(data)) != h.size {
		return nil, errDamaged
	}
	times, err := h.decodeTimes(data[blockHead : blockHead+h.times])
	if err != nil {
		return nil, err
	}
	body := data[blockHead+h.times:]
	if sum(body) != h.bodySum {
		return nil, errDamaged
	}
	raw, err := s2.Decode(nil, body)
	if err != nil {
		return nil, err
	}
	rest := string(raw)
	lines := make([]Line, len(times))
	for i := range lines {
		if rest, err = lines[i].takeFields(rest); err != nil {
			return nil, err
		}
		lines[i].Time = time.Unix(0, times[i])
	}
	return lines, nil
}

// readBlock reads the lines of a block of a file.
func readBlock(r io.ReaderAt, info blockInfo) ([]Line, error) {
	data := make([]byte, info.size)
	if _, err := r.ReadAt(data, info.off); err != nil {
		return nil, cutOff(err)
	}
	return decodeBlock(data)
}

// readTimes reads only when a block's lines were printed.
func readTimes(r io.ReaderAt, info blockInfo) ([]int64, error) {
	data := make([]byte, min(info.size, blockHead+10*int64(info.count)))
	if _, err := r.ReadAt(data, info.off); err != nil {
		return nil, cutOff(err)
	}
	h := decodeHead(data)
	if int64(len(data)) < blockHead+int64(h.times) || h.count != info.count {
		return nil, errDamaged
	}
	return h.decodeTimes(data[blockHead : blockHead+h.times])
}

// cutOff calls a file that is too short damaged.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return errDamaged
	}
	return err
}

// fields are a line's texts, in the order in which they are written.
func (l *Line) fields() [8]*string {
	return [8]*string{&l.Topic, &l.Service, &l.Function, &l.Qualifier, &l.VersionID, &l.InstanceID, &l.RequestID, &l.Message}
}

func (l *Line) appendFields(to []byte) []byte {
	for _, text := range l.fields() {
		to = append(binary.AppendUvarint(to, uint64(len(*text))), *text...)
	}
	return to
}

// takeFields reads what appendFields wrote, and gives what follows.
func (l *Line) takeFields(from string) (rest string, err error) {
	for _, text := range l.fields() {
		size, n := uvarint(from)
		if n == 0 || size > uint64(len(from)-n) {
			return "", errDamaged
		}
		*text, from = from[n:n+int(size)], from[n+int(size):]
	}
	return from, nil
}

// uvarint is binary.Uvarint of a string; n is 0 if there is none.
func uvarint(from string) (value uint64, n int) {
	for i := 0; i < len(from) && i < binary.MaxVarintLen64; i++ {
		value |= uint64(from[i]&0x7f) << (7 * i)
		if from[i] < 0x80 {
			return value, i + 1
		}
	}
	return 0, 0
}

// weight is what a line takes in memory, and about what it takes in a block before
// that is compressed.
func (l *Line) weight() int {
	n := 16
	for _, text := range l.fields() {
		n += len(*text)
	}
	return n
}
