package gqlhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const mediaStream = "text/event-stream"

var errStreamOver = errors.New("the stream is over")

// frames writes the events of one stream. Each write has a deadline of its own, because the stream outlives the server's;
// the first that fails ends it. The sign of life comes from a timer, so a quiet stream holds no goroutine for it.
type frames struct {
	patience time.Duration
	broken   func() // told once, by the sign of life, that the client is gone or does not read

	mu   sync.Mutex
	to   wire
	over bool
}

func newFrames(to wire, patience time.Duration, broken func()) *frames {
	return &frames{patience: patience, broken: broken, to: to}
}

// holding is the wire of an answer that the server writes.
func holding(w http.ResponseWriter) wire {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // that of the request would end the stream; a recorder in a test has none
	return held{w, rc}
}

func streamHeader(h http.Header) {
	h.Set("Content-Type", mediaStream+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a page of them
	h.Add("Vary", "Accept")
}

// open sends a first comment at once, so that the client knows that it listens.
func (f *frames) open() error { return f.write([]byte(":\n\n")) }

// keepAlive writes a comment every so often, until the returned function is called.
func (f *frames) keepAlive(every time.Duration) (stop func()) {
	var tick *time.Timer
	var ready sync.Mutex // the timer may fire before it has a name
	ready.Lock()
	defer ready.Unlock()
	tick = time.AfterFunc(every, func() {
		if err := f.write([]byte(":\n\n")); err != nil {
			f.broken()
			return
		}
		ready.Lock()
		defer ready.Unlock()
		tick.Reset(every)
	})
	return func() { tick.Stop() }
}

func (f *frames) next(body []byte) error {
	if bytes.ContainsAny(body, "\r\n") { // between the tokens, where JSON allows it and a frame does not
		var flat bytes.Buffer
		if err := json.Compact(&flat, body); err != nil {
			return err
		}
		body = flat.Bytes()
	}
	frame := make([]byte, 0, len(body)+24)
	frame = append(append(append(frame, "event: next\ndata: "...), body...), "\n\n"...)
	return f.write(frame)
}

// complete tells that there is nothing more. It has a data line, because browsers drop events that have none.
func (f *frames) complete() error { return f.write([]byte("event: complete\ndata:\n\n")) }

func (f *frames) write(frame []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return errStreamOver
	}
	if err := f.to.SetWriteDeadline(time.Now().Add(f.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := f.to.Write(frame)
	if err == nil {
		err = f.to.Flush()
	}
	f.over = err != nil
	return err
}

// close lets nobody write any more.
func (f *frames) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
	_ = f.to.Close()
}
