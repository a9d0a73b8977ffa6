package graph_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// A13: a request whose body comes in slowly is answered as who its sender is when it is whole: a session that ended
// meanwhile does nothing any more, and makes no token that would outlive it.
//
//keyhall:norace
func TestABodyThatComesLateIsOfWhoItsSenderIsThen(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		ada := s.Actor(t, "ada")
		for name, ask := range map[string]string{
			"a deed":  `{"query":"mutation { createAccessToken(input: {name: \"late\"}) { plaintext errors { code } } }"}`,
			"a query": `{"query":"{ organizations(first: 1) { nodes { name } } }"}`,
		} {
			slow := *ada
			slow.SignIn(t)
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: keyhall\r\nContent-Type: application/json\r\nConnection: close\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
				slow.Cookie(), len(ask), ask[:1])
			slow.Must(t, `mutation { signOut { errors { code } } }`, nil)
			if _, err := io.WriteString(conn, ask[1:]); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(answer), `"UNAUTHENTICATED"`) || strings.Contains(string(answer), "kht_") {
				t.Errorf("%s: %s", name, answer)
			}
		}
		if n := s.Count(t, "access_tokens WHERE name = 'late'"); n != 0 {
			t.Errorf("%d tokens were made", n)
		}
	})
}
