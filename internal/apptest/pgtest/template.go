package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/lib/pq"
)

// Copy is Start with a database that is not empty but what fill made of one, to which it is given the URL. It runs once
// for each name in this process, and must have closed its connections when it returns; copying files takes a tenth of
// making every table again.
func Copy(t testing.TB, name string, fill func(url string) error) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	server := serverOf(ctx, t)
	template, err := shared.template(ctx, server, name, fill)
	if err != nil {
		t.Fatalf("pgtest: fill %s: %v", name, err)
	}
	return use(ctx, t, server, from(template))
}

// templates are databases to copy, by name. They are dropped with the process's own cluster.
type templates struct {
	server string
	made   map[string]database
}

func (c *cluster) template(ctx context.Context, server, name string, fill func(url string) error) (database, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.main {
		return database{}, errors.New("call pgtest.Main from TestMain, so that what is copied is dropped at the end")
	}
	if made, found := c.templates.made[name]; found && c.templates.server == server {
		return made, nil
	}
	made, err := create(ctx, server, empty)
	if err != nil {
		return database{}, err
	}
	if err := fill(made.url); err != nil {
		return database{}, errors.Join(err, drop(ctx, server, made.name))
	}
	if c.templates.server != server {
		c.templates = templates{server: server, made: map[string]database{}}
	}
	c.templates.made[name] = made
	return made, nil
}

// drop leaves a server that is not this process's own as it was.
func (t templates) drop() error {
	if t.server != os.Getenv(Env) {
		return nil // it stops, with all that it has
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var failed error
	for _, made := range t.made {
		failed = errors.Join(failed, drop(ctx, t.server, made.name))
	}
	return failed
}

// origin is the rest of a statement that makes a database: what it is made of, and how.
type origin string

// empty copies template0, which never has foreign objects and is never busy, so any number of tests may do this at once.
const empty origin = "TEMPLATE template0"

// from copies files, which is quick where durability is off. Before PostgreSQL 15 there is no other way, and no name for it.
func from(template database) origin {
	made := fmt.Sprintf("TEMPLATE %s", pq.QuoteIdentifier(template.name))
	if template.version >= 150000 {
		made += " STRATEGY file_copy"
	}
	return origin(made)
}
