package gqlhttp_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestAThousandHostileDocumentsLeaveLessThan128MiB sends more distinct documents than are kept, each as large as one may be
// to be kept, and as many larger ones.
//
//keyhall:norace
func TestAThousandHostileDocumentsLeaveLessThan128MiB(t *testing.T) {
	h := newHandler()
	before := heap()
	for i := range 2200 {
		fields := strings.Repeat(`echo(text:"b",id:"c",n:3)`, 74)
		if i%2 == 1 {
			fields = strings.Repeat(fields, 2)
		}
		query := fmt.Sprintf("#%d %s\n", i, strings.Repeat("y", 5000)) + below(fields)
		if got := run(t, h, query); len(got.Errors) > 0 {
			t.Fatal(got.Text)
		}
	}
	kept := int64(heap()) - int64(before)
	t.Logf("%d MiB", kept>>20)
	if kept > 128<<20 {
		t.Fatalf("%d MiB are kept", kept>>20)
	}
	runtime.KeepAlive(h)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
