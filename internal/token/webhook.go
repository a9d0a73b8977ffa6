package token

import "encoding/base64"

const webhookPurpose = "webhook secret"

// WebhookSecret is the text that calls of one alert are signed with. It is derived, and stored nowhere here.
func WebhookSecret(d Deriver, alertID string) string {
	return "whsec_" + base64.RawURLEncoding.EncodeToString(d.Derive(webhookPurpose, alertID))
}
