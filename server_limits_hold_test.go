package main

import (
	"slices"
	"testing"
	"time"
)

// holds compares what was answered with what the limits let pass, and with what is counted.
func (w *world) holds(t *testing.T, l *limiting, book []asking, spare time.Duration) {
	t.Helper()
	codes := map[string]int{}
	for _, a := range book {
		codes[a.heard.Code]++
		l.codes[a.heard.Code]++
	}
	t.Logf("%d kills, answers: %v", len(l.kills), codes)
	if codes["VALID"] == 0 {
		t.Error("nothing passed: this says nothing")
	}
	for _, s := range w.scopes() {
		mine := passed(book, func(a asking) bool { return slices.Contains(w.scopesOf(a.of), s) })
		for _, r := range s.rates {
			w.rateHolds(t, s, r, mine)
		}
		if s.amount > 0 {
			w.spendHolds(t, l, s, mine)
		}
	}
	w.counted(t, l, book, spare)
}

// passed are the answers that let a request pass, in the order of their moments.
func passed(book []asking, which func(asking) bool) (out []asking) {
	for _, a := range book {
		if a.heard.Code == "VALID" && which(a) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b asking) int { return a.heard.ended.Compare(b.heard.ended) })
	return out
}

// rateHolds: in whatever time, no more passed than the whole rate and what came back in that time; of all servers together where they
// counted together, and of each for itself where it said that it did so.
func (w *world) rateHolds(t *testing.T, s *scope, r rate, mine []asking) {
	t.Helper()
	together := map[*term][]verdict{}
	for _, a := range mine {
		if a.heard.PerProcess {
			together[a.heard.life] = append(together[a.heard.life], a.heard)
		} else {
			together[nil] = append(together[nil], a.heard)
		}
	}
	for life, all := range together {
		if n, from, to := mostOver(all, r); n > 0 {
			t.Errorf("%d in %d s of %s: %d too many passed in %v (%d at that server: %t)", r.Requests, r.WindowSeconds, s.id, n, to.Sub(from), len(all), life != nil)
		}
	}
}

// mostOver is by how many a rate was exceeded, and between which moments. A request passed somewhen between its question and its
// answer, so only those count of which both are in that time.
func mostOver(all []verdict, r rate) (most int64, from, to time.Time) {
	for _, first := range all {
		n := int64(0)
		for _, v := range all { // by when they ended
			if v.began.Before(first.began) {
				continue
			}
			n++
			back := float64(v.ended.Sub(first.began)) * float64(r.Requests) / float64(r.WindowSeconds) / float64(time.Second)
			if over := n - r.Requests - int64(back); over > most {
				most, from, to = over, first.began, v.ended
			}
		}
	}
	return most, from, to
}

// spendHolds: neither what passed nor what is written down is above the limit.
func (w *world) spendHolds(t *testing.T, l *limiting, s *scope, mine []asking) {
	t.Helper()
	spent := int64(0)
	for _, a := range mine {
		spent += a.cost * a.of.of.price
	}
	granted := l.number(t, "SELECT COALESCE(MAX(granted), 0) FROM spend_accounts WHERE scope_id = $1", s.id)
	written := l.number(t, "SELECT COALESCE(SUM(spend), 0) FROM usage_buckets WHERE $1 IN (api_key_id, project_id, organization_id)", s.id)
	if spent > s.amount || granted > s.amount || written > s.amount {
		t.Errorf("%d may be spent of %s: %d passed, %d is granted, %d is written down", s.amount, s.id, spent, granted, written)
	}
	t.Logf("of %s %d%% was spent", s.id[:3], 100*spent/s.amount)
}

// tally is what was answered about a key.
type tally struct {
	requests, spend int64 // acknowledged
	open            int64 // asked and never answered: counted or not
	openSpend       int64
	late            int64 // acknowledged by a server in its last moments
}

// counted: what is counted strictly is all that was acknowledged, and at most what was under way at a kill; what is not may be
// short by what a killed server was asked in its last moments. Neither is ever over.
func (w *world) counted(t *testing.T, l *limiting, book []asking, spare time.Duration) {
	t.Helper()
	<-time.After(2 * time.Second) // all is written by then, and nothing more comes
	for _, k := range w.keys {
		said := l.tally(book, k, spare)
		requests := l.number(t, "SELECT COALESCE(SUM(requests), 0) FROM usage_buckets WHERE api_key_id = $1 AND outcome = 'VALID'", k.id)
		spend := l.number(t, "SELECT COALESCE(SUM(spend), 0) FROM usage_buckets WHERE api_key_id = $1", k.id)
		if said.requests != requests || said.open > 0 {
			t.Logf("strict: %t, %d acknowledged (%d of them late), %d counted, %d unanswered", k.strict, said.requests, said.late, requests, said.open)
		}
		if least := said.requests - said.late; requests < least || k.strict && requests < said.requests {
			t.Errorf("strict: %t, only %d are counted of %d", k.strict, requests, said.requests)
		}
		if requests > said.requests+said.open || spend > said.spend+said.openSpend {
			t.Errorf("%d are counted and cost %d; %d were acknowledged for %d, and %d not answered", requests, spend, said.requests, said.spend, said.open)
		}
		if k.strict && spend < said.spend {
			t.Errorf("strictly %d is counted, and %d was acknowledged", spend, said.spend)
		}
	}
}

func (l *limiting) tally(book []asking, k *limitedKey, spare time.Duration) (out tally) {
	for _, a := range book {
		cost := a.cost * k.of.price
		switch {
		case a.of != k || a.heard.unheard:
		case a.heard.Code == "":
			out.open++
			out.openSpend += cost
		case a.heard.Code == "VALID":
			out.requests++
			out.spend += cost
			if slices.ContainsFunc(l.kills, func(d killed) bool { return d.life == a.heard.life && a.heard.ended.After(d.at.Add(-spare)) }) {
				out.late++
			}
		}
	}
	return out
}
