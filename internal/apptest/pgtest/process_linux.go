package pgtest

import "syscall"

// attributes put the server in a group of its own (a Ctrl-C at the terminal is
// for the tests, which stop it) and let the kernel end it with its parent.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}
