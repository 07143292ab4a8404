package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
)

// Kinds of resources in errors.
const (
	KindService  = "service"
	KindFunction = "function"
	KindTrigger  = "trigger"
	KindVersion  = "version"
	KindAlias    = "alias"

	KindLayer        = "layer"
	KindLayerVersion = "layer version"
	KindDomain       = "domain name"
	KindAsyncConfig  = "async invoke config of function"
	KindTask         = "async task"
	KindBucket       = "bucket"
	KindObject       = "object"
	KindUpload       = "upload"
)

// NotFoundError says that a resource isn't there.
type NotFoundError struct {
	Kind, Name string
	Of         string // what it would belong to, e.g. function 'f'; may be empty
}

// Error names the resource.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s '%s'%s does not exist", e.Kind, e.Name, of(e.Of))
}

func of(owner string) string {
	if owner == "" {
		return ""
	}
	return " of " + owner
}

// ExistsError says that a resource is there already.
type ExistsError struct {
	Kind, Name string
	Of         string // what it belongs to; may be empty
}

// Error names the resource.
func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s '%s'%s already exists", e.Kind, e.Name, of(e.Of))
}

// UnchangedError says that there is nothing to publish.
type UnchangedError struct {
	Owner   string // function 'f' or service 's'
	Version string // the last one
}

// Error names the version that says it all.
func (e *UnchangedError) Error() string {
	return fmt.Sprintf("%s has not changed since version %s was published", e.Owner, e.Version)
}

// NotEmptyError says that a resource still has others in it.
type NotEmptyError struct{ Kind, Name, Has string }

// Error names the resource and what is in it.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("%s '%s' has active %s", e.Kind, e.Name, e.Has)
}

// ChangedObjectError says that an object isn't what it was any more.
type ChangedObjectError struct {
	Name string
	Size int64 // of what it is now; 0 if it is gone
}

// Error names the object.
func (e *ChangedObjectError) Error() string { return "object '" + e.Name + "' was changed meanwhile" }

// LimitError says that a resource can't have more of others in it.
type LimitError struct {
	Kind, Name, Has string
	Limit           int
}

// Error names the resource and how many it has.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s '%s' has %d %s, which is as many as it can have", e.Kind, e.Name, e.Limit, e.Has)
}

// LockedError says that another process has the data directory open.
type LockedError struct {
	Path string // of the lock file
}

// Error names the lock.
func (e *LockedError) Error() string {
	return fmt.Sprintf("another local cloud has this data directory open (lock %s)", e.Path)
}

// CorruptError says that a database can't be read, and how to go on.
type CorruptError struct {
	Path string
	Err  error
}

// Error says what to do.
func (e *CorruptError) Error() string {
	what, then := "the state of the local cloud is", "deploy again"
	switch filepath.Base(e.Path) {
	case queueName:
		what, then = "the queue of asynchronous invocations is", "go on: what waited in it is lost, and timers count from then"
	case logsName:
		what, then = "what is known of log projects is", "go on: what was logged is still there, projects and logstores that were made are to make again"
	}
	return fmt.Sprintf("%s damaged (%s): %v; with no local cloud running (s local down), move %s and, if they are there, %s-wal and %s-shm away, or put a backup of all in their place, then %s",
		what, e.Path, e.Err, e.Path, filepath.Base(e.Path), filepath.Base(e.Path), then)
}

// Unwrap gives the database's own error.
func (e *CorruptError) Unwrap() error { return e.Err }

// NewerError says that a newer s wrote the database.
type NewerError struct {
	Path           string
	Version, Known int
}

// Error says what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was written by a newer s (format %d, this one knows %d): update s", e.Path, e.Version, e.Known)
}

// DiskFullError says that there is no space left; nothing was changed.
type DiskFullError struct {
	Path string
	Err  error
}

// Error names the file that could not grow.
func (e *DiskFullError) Error() string {
	return fmt.Sprintf("no space left on the disk of %s: nothing was changed; free some space and try again", e.Path)
}

// Unwrap gives the system's error.
func (e *DiskFullError) Unwrap() error { return e.Err }

// CodeError says that an archive can't be used as a function's code.
type CodeError struct{ Why string }

// Error says why.
func (e *CodeError) Error() string { return "the code is not a usable zip archive: " + e.Why }

// full turns "no space left" into a *DiskFullError.
func full(path string, err error) error {
	if isFull(err) {
		return &DiskFullError{Path: path, Err: err}
	}
	return err
}

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
