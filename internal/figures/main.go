// Command figures prints how long the hand-written files and functions of the
// project are, and fails when one of the agreed bars is missed: what is short
// is read, what is long is skimmed. It reads the working tree as git sees it
// (tracked, and new but not ignored) and never changes a file.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	ok, err := run(".", os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run measures the project at root and reports whether every bar holds.
func run(root string, out io.Writer) (bool, error) {
	paths, err := listed(root)
	if err != nil {
		return false, err
	}
	sources, err := readSources(os.DirFS(root), paths)
	if err != nil {
		return false, err
	}
	return report(out, sources), nil
}
