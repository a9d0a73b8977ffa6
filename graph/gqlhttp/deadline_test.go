package gqlhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/graph/gqlhttp"
)

// waiting serves a schema whose "wait" fields last until their context ends; ended gets one value from each.
func waiting(timeout time.Duration, words error) (h http.Handler, started, ended chan struct{}, bumps *int) {
	s := newTestSchema()
	started, ended, bumps = make(chan struct{}, 10), make(chan struct{}, 10), new(int)
	wait := func(ctx context.Context, _ map[string]any) (any, error) {
		started <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		if words != nil {
			return nil, words
		}
		return nil, ctx.Err()
	}
	s.resolvers["Query.wait"], s.resolvers["Mutation.wait"] = wait, wait
	s.resolvers["Mutation.bump"] = func(context.Context, map[string]any) (any, error) { *bumps++; return *bumps, nil }
	return gqlhttp.New(s, gqlhttp.Options{Timeout: timeout, Log: quiet()}), started, ended, bumps
}

func TestAnOperationThatTakesTooLongIsStoppedAndAnsweredAsTimeout(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]error{
		"the context's error":   nil,
		"a driver's own words":  errors.New("pq: canceling statement due to user request"),
		"wrapped context error": errors.Join(errors.New("query"), context.DeadlineExceeded),
	} {
		h, _, ended, _ := waiting(time.Millisecond, words)
		got := run(t, h, "{wait}")
		if got.code() != gqlhttp.CodeTimeout || len(got.Errors[0].Path) != 1 || got.Status != 200 {
			t.Errorf("%s: %s", name, got.Text)
		}
		if len(ended) != 1 {
			t.Errorf("%s: the resolver still runs after the answer", name)
		}
	}
}

func TestNoFurtherRootFieldStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	h, _, _, bumps := waiting(time.Millisecond, nil)
	got := run(t, h, "mutation{a:bump wait b:bump c:bump}")
	if *bumps != 1 || len(got.Errors) != 3 {
		t.Fatalf("%d mutations ran: %s", *bumps, got.Text)
	}
	for _, e := range got.Errors {
		if e.Extensions["code"] != gqlhttp.CodeTimeout {
			t.Errorf("%v", e)
		}
	}
}

func TestAnOperationStopsWhenItsClientGoesAway(t *testing.T) {
	t.Parallel()
	h, started, ended, bumps := waiting(time.Hour, nil)
	served := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(served)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx, leave := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader(body("mutation{wait bump}")))
	r.Header.Set("Content-Type", "application/json")
	go func() {
		<-started
		leave()
	}()
	if response, err := client.Do(r); err == nil {
		response.Body.Close()
		t.Fatal("the client was answered")
	}
	<-ended
	<-served
	if *bumps != 0 {
		t.Fatal("the next field of a gone client ran")
	}
}

func TestAClientThatIsGoneBeforeTheStartRunsNothing(t *testing.T) {
	t.Parallel()
	h, _, _, bumps := waiting(time.Hour, nil)
	ctx, leave := context.WithCancel(context.Background())
	leave()
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body("mutation{bump}"))).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	if got := send(t, h, r); got.code() != gqlhttp.CodeTimeout || *bumps != 0 {
		t.Fatalf("%d mutations ran: %s", *bumps, got.Text)
	}
}
