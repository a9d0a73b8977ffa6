package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNotInstalled says that this machine has no PostgreSQL server.
var ErrNotInstalled = errors.New("initdb and postgres are neither on the PATH nor under /usr/lib/postgresql/*/bin (on Debian: apt-get install postgresql)")

// packaged is where Debian and Ubuntu keep the server's programs, off the PATH.
const packaged = "/usr/lib/postgresql"

type programs struct{ initdb, postgres string }

// Installed returns the path of the server that Launch would use.
func Installed() (string, error) {
	found, err := find(packaged)
	return found.postgres, err
}

// find prefers the PATH, then the newest packaged version.
func find(packaged string) (programs, error) {
	initdb, errInit := exec.LookPath("initdb")
	postgres, errServer := exec.LookPath("postgres")
	if errInit == nil && errServer == nil {
		return programs{initdb, postgres}, nil
	}
	for _, version := range versions(packaged) {
		bin := filepath.Join(packaged, version, "bin")
		found := programs{filepath.Join(bin, "initdb"), filepath.Join(bin, "postgres")}
		if executable(found.initdb) && executable(found.postgres) {
			return found, nil
		}
	}
	return programs{}, ErrNotInstalled
}

// versions lists the packaged major versions, newest first: 15 before 9.6.
func versions(packaged string) []string {
	entries, err := os.ReadDir(packaged)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if _, err := strconv.ParseFloat(entry.Name(), 64); err == nil {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	return names
}

func number(version string) float64 {
	n, err := strconv.ParseFloat(version, 64)
	if err != nil {
		panic(fmt.Sprintf("pgtest: %q was a number a moment ago", version))
	}
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
