package sls

import (
	"encoding/binary"
	"errors"
)

var errWire = errors.New("it breaks off, or isn't one")

// eachField gives the fields of a message of Protocol Buffers (its encoding): text and
// messages as they are, numbers as n.
func eachField(raw []byte, each func(number int, value []byte, n uint64) error) error {
	for len(raw) > 0 {
		tag, size := binary.Uvarint(raw)
		if size <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
			return errWire
		}
		raw = raw[size:]
		var value []byte
		var n uint64
		switch tag & 7 {
		case 0:
			if n, size = binary.Uvarint(raw); size <= 0 {
				return errWire
			}
		case 1:
			if size = 8; len(raw) < size {
				return errWire
			}
			n = binary.LittleEndian.Uint64(raw)
		case 2:
			length, prefix := binary.Uvarint(raw)
			if prefix <= 0 || length > uint64(len(raw)-prefix) {
				return errWire
			}
			size = prefix + int(length)
			value = raw[prefix:size]
		case 5:
			if size = 4; len(raw) < size {
				return errWire
			}
			n = uint64(binary.LittleEndian.Uint32(raw))
		default:
			return errWire
		}
		raw = raw[size:]
		if err := each(int(tag>>3), value, n); err != nil {
			return err
		}
	}
	return nil
}

var errLZ4 = errors.New("it is not a block of LZ4")

// unlz4 expands a block of LZ4 (its block format) to size bytes.
func unlz4(in []byte, size int) ([]byte, error) {
	out := make([]byte, 0, size)
	for len(in) > 0 {
		token := in[0]
		in = in[1:]
		literals, rest, ok := lz4Length(int(token>>4), in)
		if !ok || literals > len(rest) || len(out)+literals > size {
			return nil, errLZ4
		}
		out, in = append(out, rest[:literals]...), rest[literals:]
		if len(in) == 0 {
			break // the last sequence has no match
		}
		if len(in) < 2 {
			return nil, errLZ4
		}
		offset := int(binary.LittleEndian.Uint16(in))
		match, rest, ok := lz4Length(int(token&15), in[2:])
		if match += 4; !ok || offset == 0 || offset > len(out) || len(out)+match > size {
			return nil, errLZ4
		}
		for range match { // it may overlap with what it makes
			out = append(out, out[len(out)-offset])
		}
		in = rest
	}
	if len(out) != size {
		return nil, errLZ4
	}
	return out, nil
}

// lz4Length reads the bytes that a length of 15 goes on with.
func lz4Length(n int, in []byte) (length int, rest []byte, ok bool) {
	if n < 15 {
		return n, in, true
	}
	for i, b := range in {
		if n += int(b); b < 255 {
			return n, in[i+1:], true
		}
	}
	return 0, nil, false
}
