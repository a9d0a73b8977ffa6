// Package config is everything that an operator can set, in one struct: each
// field is a flag, an environment variable and a line of docs/configuration.md,
// all made from the same tags.
//
// With nothing set it is a working installation on one machine. It reads no
// file, keeps no global, and never prints the password of a database.
package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// Config is filled by kong (embed it in a command) and then asked to Validate,
// which kong does too.
type Config struct {
	Addr           string      `name:"addr" env:"KEYHALL_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen. The default is this machine only; to be reached by others set a public URL too."`
	DataDir        string      `name:"data-dir" env:"KEYHALL_DATA_DIR" default:"./data" placeholder:"DIR" help:"Directory of the key file, and of the database unless a database URL is set. Made at the first start. Back it up."`
	DatabaseURL    DatabaseURL `name:"database-url" env:"KEYHALL_DATABASE_URL" placeholder:"URL" help:"A PostgreSQL database, as in postgres://user:password@host/name?sslmode=verify-full. Empty: SQLite in the data directory."`
	PublicURL      string      `name:"public-url" env:"KEYHALL_PUBLIC_URL" placeholder:"URL" help:"The address that people use, as in https://keys.example.com: https, or http on this machine. Links are made from it. Empty: http:// and the address to listen on."`
	Signup         string      `name:"signup" env:"KEYHALL_SIGNUP" enum:",open,closed" default:"" placeholder:"open|closed" help:"Whether people may make accounts themselves: open or closed. Empty: closed after the first account, which is the administrator's. Who is invited to an organization can make one in any case."`
	SMTPURL        SMTPURL     `name:"smtp-url" env:"KEYHALL_SMTP_URL" placeholder:"URL" help:"The server that mail is sent through: smtp://user:password@mail.example.com:587, encrypted by STARTTLS or not used, or smtps://...:465. For one on this machine smtp://127.0.0.1:25?tls=off works too. Empty: no mail is sent, and invitations are answered in the app."`
	MailFrom       string      `name:"mail-from" env:"KEYHALL_MAIL_FROM" placeholder:"ADDRESS" help:"The sender of that mail, as in keyhall@example.com."`
	ShareLinks     string      `name:"share-links" env:"KEYHALL_SHARE_LINKS" enum:"on,off" default:"off" placeholder:"on|off" help:"Whether the owner of a secret may hand it to people without an account by a one-time link: on or off. Off also stops the links that were made."`
	ShareLinkHours int         `name:"share-links-max-hours" env:"KEYHALL_SHARE_LINKS_MAX_HOURS" default:"168" placeholder:"HOURS" help:"How long such a link may last, in hours: from 1 to 8760 (a year)."`
	PolicyDir      string      `name:"policy-dir" env:"KEYHALL_POLICY_DIR" placeholder:"DIR" help:"Directory of Rego modules that replace the built-in law. They must define every permission and pass their own tests, or the server does not start. Empty: the built-in law."`
	TrustedProxies []string    `name:"trusted-proxies" env:"KEYHALL_TRUSTED_PROXIES" sep:"," placeholder:"ADDRESS,..." help:"Addresses or networks of the reverse proxies whose X-Forwarded-For is believed, as in 10.0.0.5,fd00::/64. Empty: none, and the address of a client is that of its connection."`
	RedisURL       RedisURL    `name:"redis-url" env:"KEYHALL_REDIS_URL" placeholder:"URL" help:"The Redis that all server processes count requests in, as in redis://user:password@host:6379/0, or rediss:// for TLS: one server, no cluster. Empty: each process counts for itself, so that several let more pass together. Spend limits do not need it."`
	Log            string      `name:"log" env:"KEYHALL_LOG" enum:"auto,text,json" default:"auto" placeholder:"auto|text|json" help:"How to write the log: text, json, or auto (text on a terminal, json otherwise)."`
	CORSOrigins    []string    `name:"cors-origins" env:"KEYHALL_CORS_ORIGINS" sep:"," placeholder:"ORIGIN,..." help:"Origins of other sites whose pages may use the API with an access token, as in https://app.example.com,http://localhost:5173. Exact origins, and never with a cookie. Empty: none."`
	Explorer       string      `name:"explorer" env:"KEYHALL_EXPLORER" enum:",on,off" default:"" placeholder:"on|off" help:"Whether /explorer serves a page for trying the API in a browser: on or off. Empty: off, but on in the demo."`
	Introspection  string      `name:"introspection" env:"KEYHALL_INTROSPECTION" enum:"on,off" default:"on" placeholder:"on|off" help:"Whether a signed-in account may ask GraphQL for its schema: on or off. Off also keeps suggestions out of error messages."`
}

// Origin is the public URL as browsers write an origin: lower case, no slash
// at the end, no port that goes without saying. Without a public URL it is
// where the server listens: pass the address of the listener, whose port may
// have been chosen by the system.
func (c Config) Origin(listening string) string {
	parsed, err := url.Parse(c.PublicURL)
	if c.PublicURL == "" || err != nil {
		return "http://" + listening
	}
	return origin(parsed)
}

// Proxies are the trusted networks, an address being a network of one. What
// does not parse is left out; Validate has refused it.
func (c Config) Proxies() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range c.TrustedProxies {
		if network, err := parseNetwork(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}

// LinkTime is how long a one-time link may last; 0: there are none.
func (c Config) LinkTime() time.Duration {
	if c.ShareLinks != "on" {
		return 0
	}
	return time.Duration(c.ShareLinkHours) * time.Hour
}

// LogValue is the effective configuration, for the log at start.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("addr", c.Addr), slog.String("data_dir", c.DataDir), slog.String("database_url", c.DatabaseURL.String()),
		slog.String("public_url", c.PublicURL), slog.String("signup", c.Signup),
		slog.String("smtp_url", c.SMTPURL.String()), slog.String("mail_from", c.MailFrom), slog.String("policy_dir", c.PolicyDir),
		slog.String("share_links", c.ShareLinks), slog.Int("share_links_max_hours", c.ShareLinkHours),
		slog.String("redis_url", c.RedisURL.String()), slog.Any("trusted_proxies", c.TrustedProxies), slog.String("log", c.Log),
		slog.Any("cors_origins", c.CORSOrigins), slog.String("explorer", c.Explorer), slog.String("introspection", c.Introspection),
	)
}
