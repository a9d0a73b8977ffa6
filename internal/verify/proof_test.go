package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/internal/token"
)

// Product 5.4, C13: the secret of a key where it is required, a wrong one nowhere, an earlier version for the overlap of its
// rotation and not after it; with the secret the lists are skipped where the key says so.
//
//keyhall:norace
func TestTheSecretOfAKey(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		want := func(name, code string, more apptest.Vars) {
			t.Helper()
			if got := c.ask(t, more); got != code {
				t.Errorf("%s: %s, want %s", name, got, code)
			}
		}
		secret, origins := c.key.Secret, []string{"https://app.example.com"}
		want("none, not required", "VALID", nil)
		want("right", "VALID", apptest.Vars{"secret": secret})
		want("wrong", "SECRET_INVALID", apptest.Vars{"secret": token.New(token.KeySecret).Expose()})
		want("the key itself", "SECRET_INVALID", apptest.Vars{"secret": c.key.Plaintext})
		want("garbage", "SECRET_INVALID", apptest.Vars{"secret": "garbage"})
		c.do(t, secure, apptest.Vars{"secret": true, "origins": origins})
		want("missing", "SECRET_REQUIRED", apptest.Vars{"origin": origins[0]})
		want("right, from there", "VALID", apptest.Vars{"secret": secret, "origin": origins[0]})
		want("right, from elsewhere", "ORIGIN_NOT_ALLOWED", apptest.Vars{"secret": secret})
		c.do(t, secure, apptest.Vars{"override": true})
		want("right, which overrides", "VALID", apptest.Vars{"secret": secret})
		c.do(t, secure, apptest.Vars{"secret": false})
		want("none, which overrides nothing", "ORIGIN_NOT_ALLOWED", nil)
		next := c.do(t, resecr, apptest.Vars{"overlap": 3600}).Text("rotateAPIKeySecret", "secret")
		want("the earlier, in its overlap", "VALID", apptest.Vars{"secret": secret})
		want("the new one", "VALID", apptest.Vars{"secret": next})
		last := c.do(t, resecr, apptest.Vars{"overlap": 0}).Text("rotateAPIKeySecret", "secret")
		for name, over := range map[string]string{"the first": secret, "the second": next} {
			want(name, "SECRET_INVALID", apptest.Vars{"secret": over})
		}
		want("the last", "VALID", apptest.Vars{"secret": last})
	})
}

// signed makes a token for an audience; a nil claim is left out.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, private any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: private}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicPEM(t *testing.T, private crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// Product 5.4: RS256 and ES256, kid, exp, aud; claims take the place of the lists of the key.
//
//keyhall:norace
func TestATokenSignedForAKey(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		out := c.do(t, secure, apptest.Vars{"jwt": true, "methods": []string{"pay"}, "keys": []apptest.Vars{
			{"name": "rsa", "publicKeyPEM": publicPEM(t, weak)}, {"name": "curve", "publicKeyPEM": publicPEM(t, curve)}}})
		id := func(i int) string {
			return out.Text("updateSecuritySettings", "apiKey", "securitySettings", "jwtKeys", i, "id")
		}
		soon, gone := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Minute).Unix()
		claims := func(more map[string]any) map[string]any {
			all := map[string]any{"aud": c.key.ID, "exp": soon}
			for name, value := range more {
				if all[name] = value; value == nil {
					delete(all, name)
				}
			}
			return all
		}
		for _, k := range []struct {
			name, token, code string
		}{
			{"none", "", "JWT_INVALID"},
			{"of RSA", signed(t, jose.RS256, weak, id(0), claims(nil)), "VALID"},
			{"of a curve", signed(t, jose.ES256, curve, id(1), claims(nil)), "VALID"},
			{"for several", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"aud": []string{"other", c.key.ID}})), "VALID"},
			{"for another key", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"aud": "key_other"})), "JWT_INVALID"},
			{"for nobody", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"aud": nil})), "JWT_INVALID"},
			{"over", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"exp": gone})), "JWT_INVALID"},
			{"without an end", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"exp": nil})), "JWT_INVALID"},
			{"not begun", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"nbf": soon})), "JWT_INVALID"},
			{"under the id of another", signed(t, jose.ES256, curve, id(0), claims(nil)), "JWT_INVALID"},
			{"under no id", signed(t, jose.ES256, curve, "", claims(nil)), "JWT_INVALID"},
			{"by another algorithm", signed(t, jose.PS256, weak, id(0), claims(nil)), "JWT_INVALID"},
			{"by the public key as a password", signed(t, jose.HS256, []byte(publicPEM(t, weak)), id(0), claims(nil)), "JWT_INVALID"},
			{"by nobody", "eyJhbGciOiJub25lIn0.e30.", "JWT_INVALID"},
			{"that lets another method pass", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"methods": []string{"refund"}})), "METHOD_NOT_ALLOWED"},
			{"whose list is none", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"addresses": []string{"nowhere"}})), "JWT_INVALID"},
			{"whose claims are none", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"methods": 7})), "JWT_INVALID"},
			{"that wants an origin", signed(t, jose.ES256, curve, id(1), claims(map[string]any{"origins": []string{"https://a.example.com"}})), "ORIGIN_NOT_ALLOWED"},
		} {
			if got := c.ask(t, apptest.Vars{"jwt": k.token, "method": "pay"}); got != k.code {
				t.Errorf("a token %s: %s, want %s", k.name, got, k.code)
			}
		}
		c.do(t, secure, apptest.Vars{"jwt": false, "keys": []apptest.Vars{}})
		if got := c.ask(t, apptest.Vars{"jwt": signed(t, jose.ES256, curve, id(1), claims(nil)), "method": "pay"}); got != "JWT_INVALID" {
			t.Errorf("a token by a public key that was taken away: %s", got)
		}
	})
}

// C13, product 5.3: an overlap ends when it ends, also for what is remembered and was good a moment ago; nobody tells of it.
//
//keyhall:norace
func TestAnOverlapEndsWhileItIsRemembered(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		const overlap = 2
		turns := func(name, mutation, first, then string, more apptest.Vars) {
			t.Helper()
			began := time.Now()
			c.do(t, mutation, apptest.Vars{"overlap": overlap})
			begun := time.Now()
			for got := c.ask(t, more); got != then; got = c.ask(t, more) {
				if got != first || time.Since(begun) > (overlap+1)*time.Second*apptest.Slowdown {
					t.Fatalf("%s: %s after %v, want %s and then %s", name, got, time.Since(began), first, then)
				}
			}
			if took := time.Since(began); took < overlap*time.Second*9/10 {
				t.Errorf("%s: %s after %v already", name, then, took)
			}
		}
		turns("a secret", resecr, "VALID", "SECRET_INVALID", apptest.Vars{"secret": c.key.Secret})
		turns("a key", rotate, "VALID", "EXPIRED", nil)
	})
}
