package keyring

import (
	"errors"
	"os"
	"slices"
)

// Follow makes the keyring look at its file again when it makes something new,
// or meets a key that it does not know: a rotation beside a running server is
// then no restart. What it reads has to hold every key that it had, else it
// keeps what it has.
func (k *Keyring) Follow() { k.follows.Store(true) }

// newest is the ring to make something with.
func (k *Keyring) newest() *ring {
	held := k.current.Load()
	if !k.follows.Load() {
		return held
	}
	if info, err := os.Stat(k.path); err != nil || unchanged(info, held.file) {
		return held
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	if read, err := k.readAgain(k.current.Load()); err == nil {
		k.current.Store(read)
	}
	return k.current.Load()
}

// knowing is a ring that knows a key, if any does.
func (k *Keyring) knowing(known func(*ring) bool) *ring {
	if held := k.current.Load(); known(held) {
		return held
	}
	return k.newest()
}

var errLacksKeys = errors.New("the key file lacks keys that are in use")

func (k *Keyring) readAgain(held *ring) (*ring, error) {
	read, err := open(k.path)
	if err != nil {
		return nil, err
	}
	for _, id := range held.ids {
		if !slices.Contains(read.ids, id) {
			return nil, errLacksKeys
		}
	}
	return read, nil
}

// unchanged tells whether a file is the one of before. Every change of the key
// file is a new file under its name.
func unchanged(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
