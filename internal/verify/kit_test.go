package verify_test

import (
	"testing"

	"github.com/keyhall/keyhall/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m) }

// scene is a person with a key in their project, and a gateway of that project.
type scene struct {
	*apptest.Server
	ada      *apptest.Actor
	key      apptest.Key
	verifier string
}

func newScene(t *testing.T, s *apptest.Server) *scene {
	t.Helper()
	ada := s.Actor(t, "ada")
	return &scene{Server: s, ada: ada, key: ada.CreateKey(t, "Payments", "", "PROJECT"), verifier: s.PutVerifier(t, ada.Project, ada)}
}

// ask is the code of a question about the key; more is what else is known of the request.
func (c *scene) ask(t *testing.T, more apptest.Vars) string {
	t.Helper()
	return c.asked(t, more).Code
}

func (c *scene) asked(t *testing.T, more apptest.Vars) apptest.Verified {
	t.Helper()
	question := apptest.Vars{"key": c.key.Plaintext}
	for name, value := range more {
		question[name] = value
	}
	return c.Verify(t, c.verifier, question)
}

// do is a deed of ada on her key.
func (c *scene) do(t *testing.T, mutation string, more apptest.Vars) apptest.Answer {
	t.Helper()
	vars := apptest.Vars{"id": c.key.ID}
	for name, value := range more {
		vars[name] = value
	}
	out := c.ada.Must(t, mutation, vars)
	c.Settle(t)
	return out
}

const (
	disable = `mutation($id: ID!) { disableAPIKey(input: {id: $id}) { errors { code } } }`
	enable  = `mutation($id: ID!) { enableAPIKey(input: {id: $id}) { errors { code } } }`
	secure  = `mutation($id: ID!, $secret: Boolean, $override: Boolean, $jwt: Boolean, $keys: [JWTKeyInput!], $origins: [String!], $agents: [String!], $methods: [String!], $addresses: [String!]) {
		updateSecuritySettings(input: {apiKeyId: $id, requireSecret: $secret, secretOverridesAllowlists: $override, requireJWT: $jwt, jwtKeys: $keys,
			origins: $origins, userAgents: $agents, methods: $methods, addresses: $addresses}) { apiKey { securitySettings { jwtKeys { id } } } errors { code message path } } }`
	rotate = `mutation($id: ID!, $overlap: Int!) { rotateAPIKey(input: {id: $id, overlapSeconds: $overlap}) { apiKey { id } plaintext secret errors { code } } }`
	expose = `mutation($id: ID!) { markAPIKeyExposed(input: {id: $id, reason: "seen in a log"}) { apiKey { id } plaintext errors { code } } }`
	resecr = `mutation($id: ID!, $overlap: Int!) { rotateAPIKeySecret(input: {id: $id, overlapSeconds: $overlap}) { secret errors { code } } }`
)

// keep says what is only in a token: the key that replaced another.
func replaced(out apptest.Answer, mutation string) apptest.Key {
	return apptest.Key{ID: out.Text(mutation, "apiKey", "id"), Plaintext: out.Text(mutation, "plaintext"), Secret: out.Text(mutation, "secret")}
}
