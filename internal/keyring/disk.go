package keyring

import (
	"errors"
	"os"
	"path/filepath"
)

const draftSuffix = ".new"

// draft is a file beside the key file that becomes the key file at once or not
// at all, also when the machine loses power in between.
type draft struct {
	file *os.File
	done bool // renamed: the name may belong to somebody else's draft by now
}

func newDraft(path string) (*draft, error) {
	file, err := os.OpenFile(path+draftSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &draft{file: file}, nil
}

// replace writes the draft down to the disk and puts it in place of the file.
func (d *draft) replace(path string, content []byte) error {
	if err := d.write(content); err != nil {
		return err
	}
	if err := os.Rename(d.file.Name(), path); err != nil {
		return err
	}
	d.done = true
	return syncDirectory(path)
}

func (d *draft) write(content []byte) error {
	_, err := d.file.Write(content)
	return errors.Join(err, d.file.Sync(), d.file.Close())
}

// discard cleans up what was not put in place.
func (d *draft) discard() {
	if d.done {
		return
	}
	_ = d.file.Close()
	_ = os.Remove(d.file.Name())
}

// place makes a file that must not exist yet. A rename would overwrite one
// that appeared meanwhile; a hard link refuses.
func place(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+draftSuffix) // exclusive, mode 0600
	if err != nil {
		return err
	}
	d := &draft{file: file}
	defer d.discard()
	if err := d.write(content); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(path)
}

// syncDirectory makes the new name itself durable.
func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
