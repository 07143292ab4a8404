package rloader

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// attachTries bounds how often another loop device is asked for because
// somebody else was quicker to take the one that was free, after pauses that grow by
// a millisecond.
const attachTries = 60

// disk mounts the file system in a file on path, where everybody may write. The
// file is removed: it lives as long as the mount, and that as long as the
// instance. Once it has worked, in a probe, an instance for which it doesn't, as
// when all loop devices are in use, gets the folder: a function that runs
// without a bound is better than one that doesn't.
func (b *builder) disk(order *Order, path string) bool {
	if b.err != nil {
		return true
	}
	b.dir(path, 0o755)
	if err := mountDisk(order.TmpImage, path); err != nil {
		if order.Kind == KindProbe {
			b.err = partError{PartDisk, fmt.Errorf("mount %s on /%s: %w", order.TmpImage, path, err)}
		}
		return order.Kind == KindProbe
	}
	b.shared(path)
	return true
}

func mountDisk(file, path string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	device, err := attach(f)
	if err != nil {
		return err
	}
	defer device.Close() // the mount keeps it; without one it goes
	if err := unix.Mount(device.Name(), path, "ext4", unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return err
	}
	return os.Remove(file)
}

// attach makes a file a block device that goes when nobody uses it (loop(4)).
func attach(f *os.File) (*os.File, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for try := range attachTries {
		device, err := attachFree(control, f)
		// One that is being given back can't be opened (ENXIO).
		if !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.ENXIO) {
			return device, err
		}
		time.Sleep(time.Duration(try) * time.Millisecond)
	}
	return nil, unix.EBUSY
}

// attachFree takes the loop device that is free now, if nobody else is quicker.
func attachFree(control, f *os.File) (*os.File, error) {
	n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return nil, fmt.Errorf("find a loop device: %w", err)
	}
	device, err := os.OpenFile("/dev/loop"+strconv.Itoa(n), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	config := unix.LoopConfig{Fd: uint32(f.Fd())}
	config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR
	if err := unix.IoctlLoopConfigure(int(device.Fd()), &config); err != nil {
		device.Close()
		return nil, err
	}
	return device, nil
}
