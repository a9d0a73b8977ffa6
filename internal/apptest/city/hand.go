package city

import "strings"

// Form is one way in which a good engineer would write the list of the secrets that somebody sees: what stands behind FROM
// and behind WHERE. $1 is the viewer, and s the secrets.
type Form struct {
	Name, From, Where string
	once              bool // of PostgreSQL: its plan does not depend on the arguments
}

// Probes tells whether a form starts from the secrets in their order, and not from what the viewer has.
func (f Form) Probes() bool { return strings.HasPrefix(f.Name, "EXISTS") }

// Suits tells whether a form can be the best for somebody: to start from the order is hopeless where few are theirs.
func (f Form) Suits(p Person) bool { return !f.Probes() || p.Sees > 5000 }

// The parts of the rule. NOW is the clock of the database.
const (
	member = `SELECT m.organization_id FROM organization_members m WHERE m.user_id = $1 AND m.role IN ('OWNER', 'READER')`
	circle = `SELECT gm.group_id FROM group_members gm JOIN groups gr ON gr.id = gm.group_id
		WHERE gm.user_id = $1 AND gr.status = 'ENABLED' AND (gm.expires_at = 0 OR gm.expires_at > NOW)`
	live = `g.level IN ('VIEW', 'EDIT') AND (g.expires_at = 0 OR g.expires_at > NOW)`

	mine    = `SELECT o.id FROM secrets o WHERE o.owner_id = $1 AND o.organization_id IN (` + member + `)`
	given   = `SELECT g.secret_id FROM secret_grants g WHERE g.user_id = $1 AND ` + live
	through = `SELECT g.secret_id FROM secret_grants g WHERE g.group_id IN (` + circle + `) AND ` + live
	joined  = `SELECT g.secret_id FROM group_members gm JOIN groups gr ON gr.id = gm.group_id JOIN secret_grants g ON g.group_id = gr.id
		WHERE gm.user_id = $1 AND gr.status = 'ENABLED' AND (gm.expires_at = 0 OR gm.expires_at > NOW) AND ` + live

	asOwner     = `(s.owner_id = $1 AND s.organization_id IN (` + member + `))`
	givenOne    = `EXISTS (SELECT 1 FROM secret_grants g WHERE g.secret_id = s.id AND g.user_id = $1 AND ` + live + `)`
	throughOne  = `EXISTS (SELECT 1 FROM secret_grants g WHERE g.secret_id = s.id AND g.group_id IN (` + circle + `) AND ` + live + `)`
	joinedToOne = `EXISTS (SELECT 1 FROM secret_grants g JOIN groups gr ON gr.id = g.group_id JOIN group_members gm ON gm.group_id = gr.id
		WHERE g.secret_id = s.id AND gm.user_id = $1 AND gr.status = 'ENABLED' AND (gm.expires_at = 0 OR gm.expires_at > NOW) AND ` + live + `)`
	throughAny = `EXISTS (SELECT 1 FROM secret_grants g WHERE g.secret_id = s.id AND g.group_id = ANY(ARRAY(` + circle + `)) AND ` + live + `)`
	oneGrant   = `EXISTS (SELECT 1 FROM secret_grants g WHERE g.secret_id = s.id AND (g.user_id = $1 OR g.group_id IN (` + circle + `)) AND ` + live + `)`
)

// Forms are all that are raced; on PostgreSQL each twice, planned by the server's choice and (with a *) once for all
// arguments.
func Forms(postgres bool) []Form {
	const secrets = "secrets s"
	now := "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
	texts := [][3]string{
		{"UNION", secrets, "s.id IN (" + mine + " UNION " + given + " UNION " + through + ")"},
		{"UNION ALL of joins", secrets, "s.id IN (" + mine + " UNION ALL " + given + " UNION ALL " + joined + ")"},
		{"UNION joined", "(" + mine + " UNION " + given + " UNION " + joined + ") v JOIN secrets s ON s.id = v.id", "1 = 1"},
		{"EXISTS", secrets, "(" + asOwner + " OR " + givenOne + " OR " + throughOne + ")"},
		{"EXISTS of joins", secrets, "(" + asOwner + " OR " + givenOne + " OR " + joinedToOne + ")"},
		{"EXISTS one grant", secrets, "(" + asOwner + " OR " + oneGrant + ")"},
	}
	if postgres {
		now = "(extract(epoch from statement_timestamp()) * 1000000)::bigint"
		texts = append(texts, [][3]string{
			{"ARRAY", secrets, "s.id = ANY(ARRAY(" + mine + " UNION ALL " + given + " UNION ALL " + joined + "))"},
			// OFFSET 0 keeps PostgreSQL from looking for the grants of all secrets at once.
			{"EXISTS row by row", secrets, "(" + asOwner + " OR " + rowByRow(givenOne) + " OR " + rowByRow(throughOne) + ")"},
			{"EXISTS one, by row", secrets, "(" + asOwner + " OR " + rowByRow(oneGrant) + ")"},
			{"EXISTS any, by row", secrets, "(" + asOwner + " OR " + rowByRow(givenOne) + " OR " + rowByRow(throughAny) + ")"},
		}...)
	}
	var out []Form
	for _, text := range texts {
		f := Form{text[0], strings.ReplaceAll(text[1], "NOW", now), strings.ReplaceAll(text[2], "NOW", now), false}
		out = append(out, f)
		if postgres {
			f.Name, f.once = f.Name+"*", true
			out = append(out, f)
		}
	}
	return out
}

func rowByRow(exists string) string { return strings.TrimSuffix(exists, ")") + " OFFSET 0)" }
