package graph_test

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/keyhall/keyhall/internal/apptest"
)

// kept is what this process keeps after a collection: heap and stacks.
func kept() int64 {
	var m runtime.MemStats
	for range 3 { // a stack shrinks by half each time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// An open stream costs at most 40 KiB (design.md section 6). What is counted is heap and stacks of this process after a
// collection, so the clients' side too; the long test counts the memory of the real binary from outside.
//
// It runs alone, because memory is measured.
//
//keyhall:norace
func TestAnOpenStreamCostsAtMostFortyKiB(t *testing.T) {
	for _, d := range []apptest.Database{apptest.SQLite, apptest.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			const n, perAccount = 500, 20
			s := apptest.New(t, d)
			var people []*apptest.Actor
			for range n / perAccount {
				people = append(people, s.Actor(t, "reader"))
			}
			body, host := document(accessChanged), strings.TrimPrefix(s.URL, "http://")
			streams := make([]*bufio.Reader, 0, n)
			hear := func(text string) {
				for i, stream := range streams {
					for {
						line, err := stream.ReadString('\n')
						if err != nil {
							t.Fatalf("stream %d: %v", i, err)
						}
						if strings.Contains(line, text) {
							break
						}
					}
				}
			}
			before := kept()
			for i := range n {
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := conn.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n%s",
					host, people[i/perAccount].Cookie(), len(body), body)
				streams = append(streams, bufio.NewReaderSize(conn, 256))
			}
			hear(`"kind":"RESYNC"`)
			opened := (kept() - before) / n
			for _, who := range people {
				who.CreateKey(t, "Seen", "", "PERSONAL")
			}
			hear(`"kind":"GAINED"`)
			told := (kept() - before) / n
			t.Logf("each of %d streams costs %.1f KiB, and %.1f KiB when it has told something", n, float64(opened)/1024, float64(told)/1024)
			if most := max(opened, told); most > 40<<10 {
				t.Errorf("a stream costs %d bytes", most)
			}
		})
	}
}
