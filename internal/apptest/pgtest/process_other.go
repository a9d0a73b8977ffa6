//go:build !linux

package pgtest

import "syscall"

// attributes: only Linux can end the server when its parent is killed; here it
// is stopped by Main alone.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true}
}
