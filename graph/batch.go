package graph

import (
	"context"
	"sync"
)

// batch loads one thing for every row of a page in one statement: a connection announces its rows, and the first row that
// asks loads for all of them. No timers: what is announced is known before any row is resolved.
type batch[V any] struct {
	load func(ctx context.Context, ids []string) (map[string]V, error)

	mu        sync.Mutex
	announced map[string]bool
	known     map[string]V
}

func newBatch[V any](load func(context.Context, []string) (map[string]V, error)) *batch[V] {
	return &batch[V]{load: load, announced: map[string]bool{}, known: map[string]V{}}
}

func (b *batch[V]) announce(ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if _, ok := b.known[id]; !ok {
			b.announced[id] = true
		}
	}
}

// get waits while another row loads, and then finds its own. What no load returned is the zero value.
func (b *batch[V]) get(ctx context.Context, id string) (V, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v, ok := b.known[id]; ok {
		return v, nil
	}
	b.announced[id] = true
	ids := make([]string, 0, len(b.announced))
	for i := range b.announced {
		ids = append(ids, i)
	}
	loaded, err := b.load(ctx, ids)
	if err != nil {
		var none V
		return none, err
	}
	for _, i := range ids {
		b.known[i] = loaded[i]
	}
	clear(b.announced)
	return b.known[id], nil
}
