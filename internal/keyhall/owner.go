package keyhall

import "github.com/keyhall/keyhall/ent"

// ownerOf is the person who owns a key, empty where that is a service account.
func ownerOf(key *ent.APIKey) string {
	if key.OwnerID == nil {
		return ""
	}
	return *key.OwnerID
}

// people are the accounts among ids that may be missing.
func people(ids ...*string) []string {
	var out []string
	for _, id := range ids {
		if id != nil {
			out = append(out, *id)
		}
	}
	return out
}
