package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/internal/config"
)

func TestARedisIsNamedWithoutItsPassword(t *testing.T) {
	for url, want := range map[string]string{
		"":                                    "",
		"redis://127.0.0.1:6379/0":            "redis://127.0.0.1:6379",
		"rediss://us:hunter2@redis.test:6379": "rediss://redis.test:6379",
		"redis.test hunter2":                  "[not readable]",
		"http://hunter2@redis.test":           "[not readable]",
		"redis://:hunter2@[::1":               "[not readable]",
	} {
		c, err := parse(t, map[string]string{"KEYHALL_REDIS_URL": url})
		if (err != nil) != strings.HasPrefix(want, "[") {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "KEYHALL_REDIS_URL") {
				t.Errorf("%q is refused with %v", url, err)
			}
			c.RedisURL = config.NewRedisURL(url)
		}
		for _, shown := range []string{c.RedisURL.String(), fmt.Sprintf("%v %+v %#v", c, c, c), c.LogValue().String()} {
			if strings.Contains(shown, "hunter2") {
				t.Errorf("%q shows its password: %s", url, shown)
			}
		}
		if got := c.RedisURL.String(); got != want {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
		if c.RedisURL.Expose() != url {
			t.Errorf("%q is handed on as %q", url, c.RedisURL.Expose())
		}
	}
}
