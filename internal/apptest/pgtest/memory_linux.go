package pgtest

import "syscall"

// ram is where Linux keeps files in memory, and room what has to be free there for a cluster and all it may be filled with.
const (
	ram  = "/dev/shm"
	room = 4 << 30 // bytes
)

// folder is where clusters are made: in memory where there is room. A file system that keeps the places of files that were
// just deleted from being used again, as ext4 does, makes a database that comes and goes with its test four times as dear.
func folder() string {
	var free syscall.Statfs_t
	if err := syscall.Statfs(ram, &free); err != nil || free.Bavail*uint64(free.Bsize) < room {
		return ""
	}
	return ram
}
