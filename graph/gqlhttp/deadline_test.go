package gqlhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
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
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // its clock moves on when everybody waits
				h, _, ended, _ := waiting(time.Minute, words)
				start := time.Now()
				got := run(t, h, "{wait}")
				if got.code() != gqlhttp.CodeTimeout || len(got.Errors[0].Path) != 1 || got.Status != 200 {
					t.Error(got.Text)
				}
				if took := time.Since(start); took != time.Minute || len(ended) != 1 {
					t.Errorf("answered after %v, with %d resolvers ended", took, len(ended))
				}
			})
		})
	}
}

func TestNoFurtherRootFieldStartsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, _, bumps := waiting(time.Minute, nil)
		got := run(t, h, "mutation{a:bump wait b:bump c:bump}")
		if *bumps != 1 || len(got.Errors) != 3 {
			t.Fatalf("%d mutations ran: %s", *bumps, got.Text)
		}
		for i, at := range []string{"[wait]", "[b]", "[c]"} {
			if e := got.Errors[i]; e.Extensions["code"] != gqlhttp.CodeTimeout || fmt.Sprint(e.Path) != at {
				t.Errorf("error %d: %v", i, e)
			}
		}
	})
}

func TestADefaultTimeoutOfTenSecondsHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, _, _ := waiting(0, nil)
		start := time.Now()
		if got := run(t, h, "{wait}"); got.code() != gqlhttp.CodeTimeout || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %s", time.Since(start), got.Text)
		}
	})
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
