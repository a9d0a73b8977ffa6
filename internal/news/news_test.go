package news_test

import (
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/keyhall/keyhall/internal/news"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func key(n int) news.Thing { return news.Thing{Type: "APIKey", ID: fmt.Sprint("key_", n)} }

// listen is a listener past its first item.
func listen(t *testing.T, h *news.Hub, user string) *news.Listener {
	t.Helper()
	l := h.Listen(user)
	if first, ok := l.Take(); !ok || !first.Resync {
		t.Fatalf("the first item is %+v, %v: what happened before is unknown", first, ok)
	}
	return l
}

func TestOnlyWhomItConcernsIsTold(t *testing.T) {
	t.Parallel()
	h := news.NewHub()
	ada, second, eve := listen(t, h, "ada"), listen(t, h, "ada"), listen(t, h, "eve")
	h.Publish(news.Note{To: []string{"ada", "nobody"}, Thing: key(1), How: news.Gained})
	for _, l := range []*news.Listener{ada, second} {
		<-l.Wake()
		if item, ok := l.Take(); !ok || item != (news.Item{Thing: key(1), How: news.Gained}) {
			t.Errorf("told %+v, %v", item, ok)
		}
		if item, ok := l.Take(); ok {
			t.Errorf("told twice: %+v", item)
		}
	}
	if item, ok := eve.Take(); ok || len(eve.Wake()) > 0 {
		t.Errorf("somebody else is told %+v", item)
	}
}

func TestAThingThatChangesOftenWaitsOnce(t *testing.T) {
	t.Parallel()
	h := news.NewHub()
	l := listen(t, h, "ada")
	for range 1000 {
		h.Publish(news.Note{To: []string{"ada"}, Thing: key(1), How: news.Changed})
	}
	h.Publish(news.Note{To: []string{"ada"}, Thing: key(1), How: news.Lost})
	if item, _ := l.Take(); item.How != news.Changed|news.Lost {
		t.Errorf("told %+v", item)
	}
	if item, ok := l.Take(); ok {
		t.Errorf("and then %+v", item)
	}
}

func TestWhoDoesNotKeepUpLooksAtEverythingAnew(t *testing.T) {
	t.Parallel()
	h := news.NewHub()
	l := listen(t, h, "ada")
	for n := range 100_000 { // nobody waits for who reads nothing
		h.Publish(news.Note{To: []string{"ada"}, Thing: key(n), How: news.Changed})
	}
	if item, _ := l.Take(); !item.Resync {
		t.Errorf("told %+v", item)
	}
	if item, ok := l.Take(); ok {
		t.Errorf("and then %+v", item)
	}
	h.Publish(news.Note{To: []string{"ada"}, Thing: key(7), How: news.Changed})
	if item, _ := l.Take(); item.Thing != key(7) {
		t.Errorf("afterwards told %+v", item)
	}
	l.Missed()
	if item, _ := l.Take(); !item.Resync {
		t.Errorf("after a miss told %+v", item)
	}
}

func TestANoteAboutAnAccountOnlyWakes(t *testing.T) {
	t.Parallel()
	h := news.NewHub()
	l := listen(t, h, "ada")
	h.Publish(news.Note{To: []string{"ada"}})
	<-l.Wake()
	if item, ok := l.Take(); ok {
		t.Errorf("told %+v", item)
	}
}

func TestWhoeverClosesIsForgotten(t *testing.T) {
	t.Parallel()
	h := news.NewHub()
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for range 50 {
				l := h.Listen(fmt.Sprint("user", n%4))
				h.Publish(news.Note{To: []string{fmt.Sprint("user", n%4)}, Thing: key(n), How: news.Changed})
				l.Take()
				l.Close()
				l.Close()
			}
		})
	}
	all.Wait()
	if n := h.Listeners(); n != 0 {
		t.Errorf("%d listeners are left", n)
	}
}
