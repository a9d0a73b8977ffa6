// Package redistest gives a test a real redis-server, on a port of its own of this machine only, that keeps nothing on a disk.
package redistest

import (
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

// Server is one redis-server.
type Server struct {
	port string
	run  *exec.Cmd
}

// Installed tells whether there is a redis-server to start; CI needs one.
func Installed(t testing.TB) bool {
	t.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("redis-server is not installed, and CI needs it")
	}
	return err == nil
}

// Start waits until it answers; it ends with the test. Without a redis-server the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	if !Installed(t) {
		t.Skip("redis-server is not installed: install the Debian package of that name to run this")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	s := &Server{port: port}
	s.Again(t)
	t.Cleanup(s.Kill)
	return s
}

// URL is what KEYHALL_REDIS_URL is set to.
func (s *Server) URL() string { return "redis://127.0.0.1:" + s.port + "/0" }

// Again starts it after it was killed, with nothing in it.
func (s *Server) Again(t testing.TB) {
	t.Helper()
	s.run = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	apptest.Until(t, "redis-server answers", func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+s.port)
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

// Kill ends it at once.
func (s *Server) Kill() {
	_ = s.run.Process.Kill()
	_ = s.run.Wait()
}
