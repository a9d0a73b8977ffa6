// Command benchdata loads the cities that the benches measure into the cache, where they stay:
//
//	benchdata            100,000 secrets on SQLite and on PostgreSQL
//	benchdata huge       and 1,000,000
//	benchdata clean      removes them all
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/keyhall/keyhall/internal/apptest/city"
	"github.com/keyhall/keyhall/internal/apptest/pgtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchdata:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	sizes := []city.Size{city.Large()}
	for _, arg := range args {
		switch arg {
		case "huge":
			sizes = append(sizes, city.Huge())
		case "clean":
			return city.Clean()
		default:
			return fmt.Errorf("%q is neither huge nor clean", arg)
		}
	}
	for _, postgres := range []bool{false, true} {
		if err := load(postgres, sizes); err != nil {
			return err
		}
	}
	return nil
}

func load(postgres bool, sizes []city.Size) (err error) {
	name := map[bool]string{false: "SQLite", true: "PostgreSQL"}[postgres]
	shelf, err := city.Open(context.Background(), postgres)
	if errors.Is(err, pgtest.ErrNotInstalled) {
		fmt.Println("benchdata:", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	for _, s := range sizes {
		start := time.Now()
		k, err := shelf.City(context.Background(), s)
		if err != nil {
			return fmt.Errorf("%s, %d secrets: %w", name, s.Secrets, err)
		}
		state := "is there already"
		if k.Fresh {
			state = fmt.Sprintf("loaded in %d s", int(time.Since(start).Seconds()))
		}
		fmt.Printf("%s: %d secrets, %d people, %d groups, %d grants: %s, in %s\n", name, s.Secrets, s.People, s.Groups, s.Grants, state, city.Cache())
	}
	return nil
}
