package access

import "fmt"

// ExistsError says that there is an alias of that name already.
type ExistsError struct{ Alias string }

// Error names the alias.
func (e *ExistsError) Error() string { return fmt.Sprintf("there is an access %q already", e.Alias) }

// ForeignError says that an alias is in the file of Serverless Devs, which is
// never written to.
type ForeignError struct{ Alias, Path string }

// Error names the file.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("access %q is in %s, which belongs to Serverless Devs and is only read", e.Alias, e.Path)
}

// SealedError says that the secret of an alias is in the keyring, and can't be
// got from there.
type SealedError struct {
	Alias, Path string
	Line        int
	Err         error
}

// Error names the alias and its place.
func (e *SealedError) Error() string {
	return fmt.Sprintf("%s:%d: the secret of access %q can't be read: %v", e.Path, e.Line, e.Alias, e.Err)
}

// Unwrap gives the reason.
func (e *SealedError) Unwrap() error { return e.Err }
