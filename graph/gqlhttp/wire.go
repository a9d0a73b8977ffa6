package gqlhttp

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// wire is what a stream is written to.
type wire interface {
	Write(frame []byte) (int, error)
	Flush() error
	SetWriteDeadline(t time.Time) error
	Close() error // the last thing; the client sees that nothing more comes
}

// held is the answer of a request that stays as long as its stream, with all that a server keeps for a request.
type held struct {
	http.ResponseWriter
	*http.ResponseController
}

func (held) Close() error { return nil } // the server does it

// own is a connection that was taken over from the server: of a request that is over it keeps nothing but the socket. It speaks
// HTTP/1.1, one chunk a write, and is closed at the end.
type own struct{ net.Conn }

func (o own) Write(frame []byte) (int, error) {
	chunk := make([]byte, 0, len(frame)+12)
	chunk = fmt.Appendf(chunk, "%x\r\n", len(frame))
	chunk = append(append(chunk, frame...), "\r\n"...)
	if _, err := o.Conn.Write(chunk); err != nil {
		return 0, err
	}
	return len(frame), nil
}

func (own) Flush() error { return nil } // nothing waits

func (o own) Close() error {
	_ = o.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = o.Conn.Write([]byte("0\r\n\r\n"))
	return o.Conn.Close()
}

// head writes what the server would have written before the first frame.
func (o own) head(h http.Header) error {
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Transfer-Encoding", "chunked")
	h.Set("Connection", "close")
	if _, err := o.Conn.Write([]byte("HTTP/1.1 200 OK\r\n")); err != nil {
		return err
	}
	if err := h.Write(o.Conn); err != nil {
		return err
	}
	_, err := o.Conn.Write([]byte("\r\n"))
	return err
}

// watch waits until the client goes away, and tells. Who sends more than their request is not watched any more, as the server
// does it too: then the first write that fails tells.
func (o own) watch(gone func()) {
	var one [1]byte
	if _, err := o.Read(one[:]); err != nil {
		gone()
	}
}

// takeOver takes the connection from the server; false where that is not to be had, as with HTTP/2.
func takeOver(w http.ResponseWriter, r *http.Request) (own, bool) {
	if r.ProtoMajor != 1 || r.ProtoMinor < 1 {
		return own{}, false
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	return own{conn}, err == nil
}
