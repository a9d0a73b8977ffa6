package lock_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent"

	"github.com/keyhall/keyhall/internal/apptest"
	"github.com/keyhall/keyhall/policy/internal/core"
	"github.com/keyhall/keyhall/policy/lock"
)

// What every duty may do, written by hand. Whoever adds to it asks: which work has no viewer, and which rows does it need?
const allDuties = `
access_token.lookup reads AccessToken User
account.by_email reads User
account.by_login reads User
address.proven create AuditEvent[*] where actor_id= outcome=DONE type=user.email_verified
address.proven reads Credential User
address.proven update User[email_verified] where email= id=
address_link.follow create AuditEvent[*] where actor_id= outcome=DONE type=user.email_verified
address_link.follow reads Credential User
address_link.follow update Credential[verify_generation verify_until] where user_id=
address_link.follow update User[email_verified] where id=
administrator reads User
api_key.audience reads Collaborator GroupMember OrganizationMember ProjectMember
api_key.expires create Mail[*] where kind=key_expires
api_key.expires reads APIKey GroupMember OrganizationMember Project ProjectMember User
api_key.expires update APIKey[reminded_days] where  and of some rows only
audit.denial create AuditEvent[*] where outcome=DENIED
audit.denial update AuditEvent[repeated] where outcome=DENIED
audit.place reads APIKey Group Invitation Project Secret User
credential.standing reads AccessToken Session User
departure reads APIKey Collaborator Group GroupMember Invitation Project ProjectMember Secret SecretGrant
epoch.forget delete Revocation[] where  and of some rows only
epoch.raise create Epoch[*] where only=1
epoch.raise create Revocation[*] where 
epoch.raise reads Epoch
epoch.raise update Epoch[number] where only=1
epoch.watch reads Epoch Revocation
exposure reads AuditEvent Secret SecretVersion
group.audience reads GroupMember
group.reach reads ProjectMember Secret SecretGrant User
group.in_reach reads Group GroupMember
idempotency create IdempotencyKey[*] where lookup= user_id=
idempotency delete IdempotencyKey[] where lookup= user_id= and of some rows only
idempotency reads IdempotencyKey
idempotency update IdempotencyKey[made_id outcomes part_id subject_id] where lookup= user_id=
idempotency.forget delete IdempotencyKey[] where  and of some rows only
instance create AuditEvent[*] where actor_kind=operator outcome=DONE type=keyring.rotated
instance create Instance[*] where only=1
instance reads Instance
instance update Instance[check_ciphertext check_ids check_keyset_id check_wrapped_key] where only=1
invitation.by_link reads Invitation
invitation.places reads InvitationProject Project
offboarding reads APIKey Group OrganizationMember Project ProjectMember Secret User
organization.contents reads APIKey Secret
keyring.rewrap create AuditEvent[*] where actor_kind=operator outcome=DONE type=keyring.rewrapped
keyring.rewrap reads SealedValue SealedVersion
keyring.rewrap update SealedValue[keyset_id wrapped_key] where 
keyring.rewrap update SealedVersion[keyset_id wrapped_key] where 
known_address create Mail[*] where kind=known_address user_id=
link.issue create AuditEvent[*] where outcome=DONE resource_id= type=user._requested
link.issue create Mail[*] where kind= resource_id= user_id=
link.issue delete Mail[] where kind= state=QUEUED user_id=
link.issue reads Credential User
link.issue update Credential[reset_generation reset_until verify_generation verify_until] where user_id=
limits reads Project RateLimit SpendAlert SpendLimit
limits.over reads SpendLimit
mail.claim reads Mail
mail.claim update Mail[attempts next_attempt_at] where state=QUEUED
mail.mark update Invitation[delivery sent_at] where id= resend_count=0
mail.mark update Mail[last_error next_attempt_at sent_at state] where id= state=QUEUED
own_account reads Credential User
principals reads Group User
reset_link.follow create AuditEvent[*] where actor_id= outcome=DONE type=user.password_reset
reset_link.follow create Mail[*] where kind=password_changed user_id=
reset_link.follow delete AccessToken[] where user_id=
reset_link.follow delete Session[] where user_id=
reset_link.follow reads Credential User
reset_link.follow update Credential[changed_at password_hash reset_generation reset_until] where user_id=
reset_link.follow update User[email_verified] where id=
project.audience reads GroupMember OrganizationMember ProjectMember
project.groups reads ProjectMember
secret.audience reads GroupMember SecretGrant
secret.groups reads SecretGrant
session.lookup reads Session User
set_up create AuditEvent[*] where actor_id= outcome=DONE type=user.signed_up
set_up create Credential[*] where user_id=
set_up create Mail[*] where kind=verify_email resource_id= user_id=
set_up create OrganizationMember[*] where organization_id= role=OWNER user_id=
set_up create Organization[*] where id= personal=true
set_up create ProjectMember[*] where project_id= role=OWNER user_id=
set_up create Project[*] where id= is_default=true organization_id=
set_up create User[*] where administrator=true email_verified=true id= personal_organization_id=
share_link.by_token reads ShareLink
share_link.follow create AuditEvent[*] where actor_kind=none outcome=DONE type=share_link.refused
share_link.follow reads Secret ShareLink
share_link.follow update ShareLink[misses revoked_at tries] where id= revoked_at=0
share_link.over create AuditEvent[*] where actor_kind=none outcome=DONE type=share_link.expired
share_link.over create Mail[*] where kind=share_link_expired
share_link.over reads Secret ShareLink
share_link.over update ShareLink[ended_at] where ended_at=0 and of some rows only
sharing reads Group User
sign_in create AuditEvent[*] where actor_id= outcome=DONE type=login.succeeded
sign_in create Session[*] where user_id=
sign_in reads Credential User
sign_in update Credential[password_hash] where user_id=
sign_in.lookup reads Credential User
sign_up create AuditEvent[*] where actor_id= outcome=DONE type=user.signed_up
sign_up create Credential[*] where user_id=
sign_up create Mail[*] where kind=verify_email resource_id= user_id=
sign_up create OrganizationMember[*] where organization_id= role=OWNER user_id=
sign_up create Organization[*] where id= personal=true
sign_up create ProjectMember[*] where project_id= role=OWNER user_id=
sign_up create Project[*] where id= is_default=true organization_id=
sign_up create User[*] where administrator=false email_verified=false id= personal_organization_id=
sign_up.lookup reads User
sign_up.proven create AuditEvent[*] where actor_id= outcome=DONE type=user.signed_up
sign_up.proven create Credential[*] where user_id=
sign_up.proven create Mail[*] where kind=verify_email resource_id= user_id=
sign_up.proven create OrganizationMember[*] where organization_id= role=OWNER user_id=
sign_up.proven create Organization[*] where id= personal=true
sign_up.proven create ProjectMember[*] where project_id= role=OWNER user_id=
sign_up.proven create Project[*] where id= is_default=true organization_id=
sign_up.proven create User[*] where administrator=false email_verified=true id= personal_organization_id=
spend.alerts create Mail[*] where kind=spend_alert within_id=
spend.alerts create Webhook[*] where 
spend.alerts reads APIKey Organization Project SpendAccount SpendAlert SpendLimit
spend.alerts update SpendAlert[raised_for] where  and of some rows only
spend.charge create SpendAccount[*] where scope_id=
spend.charge reads SpendAccount
spend.charge update SpendAccount[granted] where scope_id=
spend.lease create SpendAccount[*] where scope_id=
spend.lease create SpendLease[*] where holder= scope_id=
spend.lease delete SpendLease[] where holder= scope_id=
spend.lease reads SpendAccount SpendLease
spend.lease update SpendAccount[granted] where scope_id=
spend.look reads SpendAccount SpendLease
spend.lost delete SpendLease[] where  and of some rows only
spend.lost reads SpendLease
spend.lost update SpendAccount[lost] where 
spend.renew update SpendLease[expires_at] where holder= and of some rows only
touch update AccessToken[last_used_at] where 
touch update Session[last_seen_at] where 
webhook.claim reads SpendAlert Webhook
webhook.claim update Webhook[attempts next_attempt_at] where state=QUEUED
webhook.mark update Webhook[last_error next_attempt_at state] where id= state=QUEUED
usage.flush create UsageBatch[*] where 
usage.flush create UsageBucket[*] where width=MINUTE
usage.flush delete UsageBatch[] where 
usage.forget delete UsageReport[] where  and of some rows only
usage.last_used update APIKey[last_used_at] where 
usage.of reads Organization Project UsageBucket
usage.report create UsageBucket[*] where api_key_id= project_id= requests=0 width=MINUTE
usage.report create UsageReport[*] where lookup=
usage.report delete UsageReport[] where lookup= and of some rows only
usage.report reads APIKey Project SpendLimit UsageReport
usage.roll_up create UsageBatch[*] where 
usage.roll_up create UsageBucket[*] where width=DAY
usage.roll_up create UsageBucket[*] where width=HOUR
usage.roll_up delete UsageBatch[] where 
usage.roll_up delete UsageBucket[] where  and of some rows only
usage.roll_up reads UsageBucket
verifier.by_token reads VerifierToken
verifier.last_used update VerifierToken[last_used_at] where 
verify.lookup reads APIKey APIKeyHash JWTKey Project RateLimit SecuritySettings ServiceAccount SpendLimit
verify.owner reads APIKey GroupMember
verify.secret reads SealedValue
`

func TestDutiesAreTheClosedList(t *testing.T) {
	t.Parallel()
	var got []string
	for _, d := range lock.Duties() {
		got = append(got, described(d.Name, d.Reads, d.Writes)...)
	}
	compare(t, "duties", got, strings.Split(strings.Trim(allDuties, "\n"), "\n"))
}

// described is what may be read and written, a line a type and operation.
func described(name string, reads []core.Read, writes []core.Write) []string {
	var out, types []string
	for _, r := range reads {
		types = append(types, r.Type)
	}
	if slices.Sort(types); len(types) > 0 {
		out = append(out, name+" reads "+strings.Join(types, " "))
	}
	for _, w := range writes {
		var ops, pinned []string
		for op, verb := range map[ent.Op]string{ent.OpCreate: "create", ent.OpUpdate: "update", ent.OpDelete: "delete"} {
			if w.Ops.Is(op) {
				ops = append(ops, verb)
			}
		}
		for _, column := range slices.Sorted(maps.Keys(w.Pins)) {
			pinned = append(pinned, fmt.Sprintf("%s=%v", column, w.Pins[column]))
		}
		slices.Sort(ops)
		columns := slices.Sorted(slices.Values(w.Columns))
		line := fmt.Sprintf("%s %s %s%v where %s", name, strings.Join(ops, " "), w.Type, columns, strings.Join(pinned, " "))
		for _, column := range slices.Sorted(maps.Keys(w.To)) {
			line += fmt.Sprintf(" to %s=%v", column, w.To[column])
		}
		if w.Rows != nil {
			line += " and of some rows only"
		}
		out = append(out, line)
	}
	return out
}

func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("%s: not on the list: %s", what, g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: on the list, and gone or changed: %s", what, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
	}
}

func TestDutiesSeeExactlyTheirRows(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		ids := func(query string, args ...any) []string { return list(t, c, query, args...) }
		users := func(a ...*apptest.Actor) (out []string) {
			for _, x := range a {
				out = append(out, x.ID)
			}
			return out
		}
		root, unproven := s.Administrator(t), s.Unverified(t, "unproven")
		c.ada.Must(t, `mutation { a: createAccessToken(input: {name: "p"}) { errors { code } } b: createAccessToken(input: {name: "q"}) { errors { code } } }`, nil)
		c.ben.SignIn(t)
		one := func(query string, args ...any) string { return ids(query, args...)[0] }
		session := one("SELECT id AS x FROM sessions WHERE user_id = ?", c.ada.ID)
		hash := one("SELECT token_hash AS x FROM sessions WHERE id = ?", session)
		program := one("SELECT id AS x FROM access_tokens WHERE user_id = ?", c.ada.ID)
		lookup := one("SELECT lookup AS x FROM access_tokens WHERE id = ?", program)
		over := one("SELECT id AS x FROM sessions WHERE user_id = ?", c.ben.ID)
		overHash := one("SELECT token_hash AS x FROM sessions WHERE id = ?", over)
		s.SQL(t, "UPDATE sessions SET expires_at = 1 WHERE id = ?", over)
		dead := one("SELECT id AS x FROM access_tokens WHERE user_id = ? AND id <> ?", c.ada.ID, program)
		deadLookup := one("SELECT lookup AS x FROM access_tokens WHERE id = ?", dead)
		s.SQL(t, "UPDATE access_tokens SET expires_at = 1 WHERE id = ?", dead)
		c.keys(t)
		link, late, told := s.PutLink(t, c.secret, c.ada), s.PutLink(t, c.theirs, c.ben), s.PutLink(t, c.theirs, c.ben)
		s.SQL(t, "UPDATE share_links SET expires_at = 1 WHERE id IN (?, ?)", late, told)
		s.SQL(t, "UPDATE share_links SET ended_at = 2 WHERE id = ?", told)
		s.SQL(t, "INSERT INTO invitation_projects (id, created_at, invitation_id, project_id, role) VALUES ('inp_x', 1, ?, ?, 'MEMBER')", c.invitation, c.ada.Project)
		s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, user_id, role) VALUES ('prm_cleo', 1, ?, ?, 'MEMBER')", c.ada.Project, c.cleo.ID)
		s.SQL(t, "INSERT INTO project_members (id, created_at, project_id, group_id, role) VALUES ('prm_team', 1, ?, ?, 'MEMBER')", c.ada.Project, c.group)
		bare := context.Background()
		ada := users(c.ada)
		adasPassword := ids("SELECT id AS x FROM credentials WHERE user_id = ?", c.ada.ID)
		invitee := one("SELECT id AS x FROM users WHERE email = (SELECT email FROM invitations WHERE id = ?)", c.invitation)
		due := one("SELECT id AS x FROM mails WHERE resource_id = ?", c.invitation)
		s.SQL(t, "UPDATE mails SET state = 'QUEUED', next_attempt_at = 1 WHERE id = ?", due)
		s.SQL(t, "UPDATE mails SET state = 'QUEUED', next_attempt_at = ? WHERE id <> ?", int64(math.MaxInt64), due)
		s.SQL(t, "UPDATE users SET suspended_at = 1 WHERE id = ?", c.ben.ID)
		s.SQL(t, "UPDATE credentials SET verify_until = 1 WHERE user_id = ?", c.ben.ID)
		dev := ids("SELECT id AS x FROM group_members WHERE group_id = ?", c.group)
		public := one("SELECT lookup AS x FROM api_key_hashes WHERE api_key_id = ?", c.key)
		var epoch int64
		s.Row(t, "SELECT number FROM epoches", nil, &epoch)
		s.SQL(t, "UPDATE sealed_values SET valid_until = 1 WHERE api_key_id = ?", c.other)
		for who, project := range map[string]string{"ada": c.ada.Project, "ben": c.ben.Project} {
			s.SQL(t, "INSERT INTO rate_limits (id, created_at, project_id, requests, window_seconds) VALUES (?, 1, ?, 5, 60)", "rlm_"+who, project)
			s.SQL(t, "INSERT INTO verifier_tokens (id, created_at, project_id, name, start, lookup, hash, pepper_id, created_by_id, last_used_at) VALUES (?, 1, ?, 'n', 's', ?, ?, 'p', ?, 0)",
				"vft_"+who, project, map[string]string{"ada": "gateway", "ben": "other"}[who], []byte{1}, c.ada.ID)
		}
		type sight map[string][]string
		lost := func(of sight) sight {
			all := sight{"Invitation": nil, "SecretGrant": nil, "Secret": nil, "GroupMember": nil, "Group": nil, "Collaborator": nil, "APIKey": nil, "Project": nil, "ProjectMember": nil}
			maps.Copy(all, of)
			return all
		}
		for _, d := range []struct {
			name string
			ctx  context.Context
			sees sight
		}{
			{"a session", lock.SessionByToken(bare, hash), sight{"Session": {session}, "User": ada}},
			{"an unknown session", lock.SessionByToken(bare, "none"), sight{"Session": nil, "User": nil}},
			{"an expired session", lock.SessionByToken(bare, overHash), sight{"Session": nil, "User": nil}},
			{"an access token", lock.AccessTokenByLookup(bare, lookup), sight{"AccessToken": {program}, "User": ada}},
			{"an expired access token", lock.AccessTokenByLookup(bare, deadLookup), sight{"AccessToken": nil, "User": nil}},
			{"no access token", lock.AccessTokenByLookup(bare, ""), sight{"AccessToken": nil, "User": nil}},
			{"the people on a thing", lock.Sharing(bare, ada), sight{"User": ada, "Group": nil}},
			{"a group on a thing", lock.Sharing(bare, []string{c.group}), sight{"User": nil, "Group": {c.group}}},
			{"nobody on a thing", lock.Sharing(bare, nil), sight{"User": nil, "Group": nil}},
			{"an account by its name", lock.AccountByLogin(bare, c.ada.Username), sight{"User": ada}},
			{"an account by its address", lock.AccountByLogin(bare, c.ben.Email), sight{"User": users(c.ben)}},
			{"an account by its address, not proven", lock.AccountByLogin(bare, unproven.Email), sight{"User": nil}},
			{"such an account by its name", lock.AccountByLogin(bare, unproven.Username), sight{"User": users(unproven)}},
			{"no account by its id", lock.AccountByLogin(bare, c.ada.ID), sight{"User": nil}},
			{"a group to share with", lock.GroupInReach(bare, c.ada.ID, c.group), sight{"Group": {c.group}, "GroupMember": dev}},
			{"a group out of reach", lock.GroupInReach(bare, c.ben.ID, c.group), sight{"Group": nil, "GroupMember": dev}},
			{"who has to do with a secret", lock.SecretAudience(bare, c.secret), sight{
				"SecretGrant": ids("SELECT id AS x FROM secret_grants WHERE secret_id = ?", c.secret), "GroupMember": dev}},
			{"who has to do with another", lock.SecretAudience(bare, c.theirs), sight{"SecretGrant": nil, "GroupMember": nil}},
			{"the groups on a secret", lock.SharedGroups(bare, []string{c.secret, c.theirs}), sight{
				"SecretGrant": ids("SELECT id AS x FROM secret_grants WHERE secret_id = ? AND group_id IS NOT NULL", c.secret)}},
			{"the groups on none", lock.SharedGroups(bare, nil), sight{"SecretGrant": nil}},
			{"who is in a group", lock.GroupAudience(bare, c.group), sight{"GroupMember": dev}},
			{"a one-time link", lock.ShareLinkByToken(bare, link), sight{"ShareLink": {link}}},
			{"no one-time link", lock.ShareLinkByToken(bare, "%"), sight{"ShareLink": nil}},
			{"following a link", lock.ShareLinkFollow(bare, link), sight{"ShareLink": {link}, "Secret": {c.secret}}},
			{"following none", lock.ShareLinkFollow(bare, ""), sight{"ShareLink": nil, "Secret": nil}},
			{"the links whose time is over", lock.ShareLinksOver(bare), sight{"ShareLink": {late}, "Secret": {c.secret, c.theirs}}},
			{"the place of a secret", lock.AuditPlace(bare, c.ada.ID, c.theirs), sight{"User": ada, "Secret": {c.theirs}, "Group": nil, "Project": nil, "APIKey": nil, "Invitation": nil}},
			{"the place of a group", lock.AuditPlace(bare, c.ben.ID, c.group), sight{"User": users(c.ben), "Group": {c.group}, "Secret": nil, "Project": nil, "APIKey": nil, "Invitation": nil}},
			{"a sign-in by name", lock.SignInLookup(bare, c.ada.Username), sight{"User": ada, "Credential": ids("SELECT id AS x FROM credentials WHERE user_id = ?", c.ada.ID)}},
			{"a sign-in by address", lock.SignInLookup(bare, c.ben.Email), sight{"User": users(c.ben), "Credential": ids("SELECT id AS x FROM credentials WHERE user_id = ?", c.ben.ID)}},
			{"a sign-in of nobody", lock.SignInLookup(bare, "%"), sight{"User": nil, "Credential": nil}},
			{"a sign-up", lock.SignUpLookup(bare, c.ada.Email, c.ben.Username), sight{"User": users(c.ada, c.ben)}},
			{"an address", lock.AccountByEmail(bare, c.ada.Email), sight{"User": ada}},
			{"a name for an address", lock.AccountByEmail(bare, c.ada.Username), sight{"User": nil}},
			{"the place of a key", lock.AuditPlace(bare, c.ada.ID, c.hidden), sight{"User": ada, "APIKey": {c.hidden}, "Project": {c.ben.Project}, "Invitation": nil, "Secret": nil, "Group": nil}},
			{"the place of an invitation", lock.AuditPlace(bare, c.ben.ID, c.invitation), sight{"User": users(c.ben), "Invitation": {c.invitation}, "APIKey": {c.key}, "Project": {c.ada.Project}, "Secret": nil, "Group": nil}},
			{"the place of a project", lock.AuditPlace(bare, c.ben.ID, c.ada.Project), sight{"User": users(c.ben), "Project": {c.ada.Project}, "APIKey": nil, "Invitation": nil, "Secret": nil, "Group": nil}},
			{"the place of an account", lock.AuditPlace(bare, c.ben.ID, session), sight{"User": users(c.ben), "Project": nil, "APIKey": nil, "Invitation": nil, "Secret": nil, "Group": nil}},
			{"the administrator", lock.Administrator(bare), sight{"User": users(root)}},
			{"the instance", lock.Instance(bare), sight{"Instance": ids("SELECT id AS x FROM instances")}},
			{"an invitation by its link", lock.InvitationByLink(bare, c.invitation), sight{"Invitation": {c.invitation}}},
			{"what an invited person loses", lock.Departure(bare, c.ada.Home, invitee), lost(sight{"Invitation": {c.invitation}, "GroupMember": dev, "Group": {c.group}})},
			{"what they lose elsewhere", lock.Departure(bare, c.ben.Home, invitee), lost(sight{"Collaborator": {c.hiddenPlace}, "APIKey": {c.hidden}})},
			{"what a member loses", lock.Departure(bare, c.ada.Home, c.cleo.ID), lost(sight{
				"SecretGrant": ids("SELECT id AS x FROM secret_grants WHERE user_id = ?", c.cleo.ID), "Secret": {c.secret}, "Collaborator": {c.place}, "APIKey": {c.key},
				"Project": {c.ada.Project}, "ProjectMember": {"prm_cleo"}})},
			{"what they lose in another place", lock.Departure(bare, c.ben.Home, c.cleo.ID), lost(nil)},
			{"what is in an organization", lock.OrganizationContents(bare, c.ada.Home), sight{
				"APIKey": ids("SELECT id AS x FROM api_keys WHERE project_id = ?", c.ada.Project), "Secret": ids("SELECT id AS x FROM secrets WHERE organization_id = ?", c.ada.Home)}},
			{"what is in none", lock.OrganizationContents(bare, ""), sight{"APIKey": nil, "Secret": nil}},
			{"what comes with an invitation", lock.InvitationPlaces(bare, c.invitation), sight{"InvitationProject": {"inp_x"}, "Project": {c.ada.Project}}},
			{"what comes with no invitation", lock.InvitationPlaces(bare, ""), sight{"InvitationProject": nil, "Project": nil}},
			{"what somebody would leave", lock.Offboarding(bare, c.ada.Home, c.ada.ID), sight{
				"APIKey": ids("SELECT id AS x FROM api_keys WHERE owner_id = ? AND project_id = ?", c.ada.ID, c.ada.Project), "Project": {c.ada.Project},
				"Secret": ids("SELECT id AS x FROM secrets WHERE owner_id = ?", c.ada.ID), "Group": ids(`SELECT id AS x FROM "groups" WHERE owner_id = ?`, c.ada.ID),
				"OrganizationMember": ids("SELECT id AS x FROM organization_members WHERE organization_id = ? AND role = 'OWNER'", c.ada.Home),
				"ProjectMember":      ids("SELECT id AS x FROM project_members WHERE project_id = ? AND role = 'OWNER'", c.ada.Project),
				"User":               ids("SELECT user_id AS x FROM organization_members WHERE organization_id = ? AND user_id <> ?", c.ada.Home, c.ben.ID)}},
			{"what somebody would leave elsewhere", lock.Offboarding(bare, c.ben.Home, c.ada.ID), sight{
				"APIKey": nil, "Project": {c.ben.Project}, "Secret": nil, "Group": nil, "User": nil,
				"OrganizationMember": ids("SELECT id AS x FROM organization_members WHERE organization_id = ? AND role = 'OWNER'", c.ben.Home),
				"ProjectMember":      ids("SELECT id AS x FROM project_members WHERE project_id = ? AND role = 'OWNER'", c.ben.Project)}},
			{"what nobody loses", lock.Departure(bare, c.ada.Home, ""), lost(nil)},
			{"what a group reaches", lock.GroupReach(bare, c.group), sight{
				"SecretGrant": ids("SELECT id AS x FROM secret_grants WHERE group_id = ?", c.group), "Secret": {c.secret}, "User": ada, "ProjectMember": {"prm_team"}}},
			{"what no group reaches", lock.GroupReach(bare, c.theirs), sight{"SecretGrant": nil, "Secret": nil, "User": nil, "ProjectMember": nil}},
			{"an unknown link", lock.InvitationByLink(bare, "inv_"), sight{"Invitation": nil}},
			{"a proven address", lock.AddressProven(bare, c.ada.ID, c.ada.Email), sight{"User": ada, "Credential": adasPassword}},
			{"an address of another", lock.AddressProven(bare, c.ada.ID, c.ben.Email), sight{"User": nil, "Credential": adasPassword}},
			{"the letters that wait", lock.MailClaim(bare), sight{"Mail": {due}}},
			{"marking a letter", lock.MailMark(bare, lock.Posted{MailID: due}), nil},
			{"the re-wrap", lock.Rewrap(bare), sight{"SealedValue": ids("SELECT id AS x FROM sealed_values"), "SealedVersion": ids("SELECT id AS x FROM sealed_versions")}},
			{"touch", lock.Touch(bare), nil},
			{"sign in", lock.SignIn(bare, c.ada.ID), sight{"User": ada, "Credential": adasPassword}},
			{"a link to issue", lock.IssueLink(bare, c.ada.ID, "verify_email"), sight{"User": ada, "Credential": adasPassword}},
			{"a link of an address", lock.FollowAddressLink(bare, c.ada.ID), sight{"User": ada, "Credential": adasPassword}},
			{"no link for a new password", lock.FollowResetLink(bare, c.ada.ID), sight{"User": ada, "Credential": nil}},
			{"a link of somebody suspended", lock.FollowAddressLink(bare, c.ben.ID), sight{"User": nil, "Credential": nil}},
			{"telling a holder", lock.KnownAddress(bare, c.ada.ID), nil},
			{"one's own account", lock.OwnAccount(bare, c.ada.ID), sight{"User": ada, "Credential": adasPassword}},
			{"nobody's own account", lock.OwnAccount(bare, ""), sight{"User": nil, "Credential": nil}},
			{"sign up", lock.SignUp(bare, lock.Account{UserID: c.ada.ID}), nil},
			{"a denial", lock.Denial(bare), nil},
			{"a key to verify", lock.VerifyLookup(bare, public), sight{"APIKeyHash": ids("SELECT id AS x FROM api_key_hashes WHERE api_key_id = ?", c.key), "APIKey": {c.key},
				"SecuritySettings": ids("SELECT id AS x FROM security_settings WHERE api_key_id = ?", c.key), "JWTKey": nil, "Project": {c.ada.Project}, "ServiceAccount": nil,
				"RateLimit": {"rlm_ada"}, "SpendLimit": nil}},
			{"no key to verify", lock.VerifyLookup(bare, "%"), sight{"APIKeyHash": nil, "APIKey": nil, "SecuritySettings": nil, "JWTKey": nil, "Project": nil, "ServiceAccount": nil, "RateLimit": nil, "SpendLimit": nil}},
			{"the secret of a key to verify", lock.VerifySecret(bare, c.key), sight{"SealedValue": ids("SELECT id AS x FROM sealed_values WHERE api_key_id = ?", c.key)}},
			{"a secret that is over", lock.VerifySecret(bare, c.other), sight{"SealedValue": nil}},
			{"a key whose owner stands", lock.VerifyOwner(bare, c.key), sight{"APIKey": {c.key}, "GroupMember": nil}},
			{"a key whose owner is suspended", lock.VerifyOwner(bare, c.hidden), sight{"APIKey": nil, "GroupMember": nil}},
			{"a verifier token", lock.VerifierByToken(bare, "gateway"), sight{"VerifierToken": {"vft_ada"}}},
			{"no verifier token", lock.VerifierByToken(bare, "%"), sight{"VerifierToken": nil}},
			{"the epoch", lock.EpochWatch(bare, epoch-1), sight{"Epoch": ids("SELECT id AS x FROM epoches"), "Revocation": ids("SELECT id AS x FROM revocations WHERE number = ?", epoch)}},
			{"raising it", lock.EpochRaise(bare), sight{"Epoch": ids("SELECT id AS x FROM epoches")}},
			{"forgetting what changed", lock.EpochForget(bare), nil},
			{"a key", lock.Idempotency(bare, c.ada.ID, "a"), sight{"IdempotencyKey": {"idk_a"}}},
			{"a key whose day is over", lock.Idempotency(bare, c.ada.ID, "old"), sight{"IdempotencyKey": nil}},
			{"somebody else's key", lock.Idempotency(bare, c.ben.ID, "a"), sight{"IdempotencyKey": nil}},
			{"an unknown key", lock.Idempotency(bare, c.ada.ID, "%"), sight{"IdempotencyKey": nil}},
			{"forgetting keys", lock.ForgetKeys(bare), nil},
		} {
			for _, ctx := range map[string]context.Context{"alone": d.ctx, "behind an open gate": lock.WithGate(d.ctx, openGate{})} {
				for _, typ := range c.types() {
					want, named := d.sees[typ]
					got, err := c.query(ctx, typ)
					if !named {
						denied(t, d.name+" reading "+typ, err)
						continue
					}
					if slices.Sort(want); err != nil || !slices.Equal(got, want) {
						t.Errorf("%s sees %v of %s (%v), want %v", d.name, got, typ, err, want)
					}
				}
			}
		}
	})
}

// keys are two of ada's, one of them over, and one of ben's that is over too.
func (c *scene) keys(t *testing.T) {
	t.Helper()
	const far = 1 << 60
	for _, k := range []struct {
		lookup, user string
		expires      int64
	}{{"a", c.ada.ID, far}, {"old", c.ada.ID, 1}, {"gone", c.ben.ID, 1}} {
		c.SQL(t, `INSERT INTO idempotency_keys (id, created_at, lookup, user_id, mutation, fingerprint, pepper_id, expires_at) VALUES (?, 1, ?, ?, 'm', ?, 'p', ?)`,
			"idk_"+k.lookup, k.lookup, k.user, []byte{1}, k.expires)
	}
}

// A duty that may delete reaches its own rows, and of those only what is over by the database's clock.
func TestDutiesForgetOnlyKeysWhoseDayIsOver(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		c.keys(t)
		bare, db := context.Background(), s.App.Store
		left := func() []string { return list(t, c, "SELECT lookup AS x FROM idempotency_keys") }
		for _, step := range []struct {
			what string
			ctx  context.Context
			want []string
		}{
			{"a key that counts", lock.Idempotency(bare, c.ada.ID, "a"), []string{"a", "gone", "old"}},
			{"an old key of somebody else", lock.Idempotency(bare, c.ada.ID, "gone"), []string{"a", "gone", "old"}},
			{"an old key", lock.Idempotency(bare, c.ada.ID, "old"), []string{"a", "gone"}},
			{"all old keys", lock.ForgetKeys(bare), []string{"a"}},
		} {
			_, err := db.IdempotencyKey.Delete().Exec(step.ctx)
			passes(t, step.what, err)
			if got := left(); !slices.Equal(got, step.want) {
				t.Errorf("after %s was deleted %v are left, want %v", step.what, got, step.want)
			}
		}
		n, err := db.IdempotencyKey.Update().SetMadeID("x").Save(lock.Idempotency(bare, c.ben.ID, "a"))
		passes(t, "somebody else's key", err)
		if n != 0 {
			t.Errorf("%d of somebody else's keys were written", n)
		}
	})
}

func (c *scene) types() []string {
	var out []string
	client := reflect.TypeOf(*c.App.Store.Client)
	for i := range client.NumField() {
		if f := client.Field(i); f.IsExported() && strings.HasSuffix(f.Type.String(), f.Name+"Client") {
			out = append(out, f.Name)
		}
	}
	return out
}

func (c *scene) query(ctx context.Context, typ string) ([]string, error) {
	q := reflect.ValueOf(c.App.Store.Client).Elem().FieldByName(typ).MethodByName("Query").Call(nil)[0]
	out := q.MethodByName("IDs").Call([]reflect.Value{reflect.ValueOf(ctx)})
	err, _ := out[1].Interface().(error)
	ids := slices.Clone(out[0].Interface().([]string))
	slices.Sort(ids)
	return ids, err
}

// Every setter of every builder of every type, under every duty: only what is named passes the lock.
func TestDutiesWriteExactlyTheirColumns(t *testing.T) {
	t.Parallel()
	passing := map[string][]string{
		"touch":               {"AccessToken.AddLastUsedAt", "AccessToken.SetLastUsedAt", "AccessToken.SetNillableLastUsedAt", "Session.AddLastSeenAt", "Session.SetLastSeenAt", "Session.SetNillableLastSeenAt"},
		"link.issue":          {"Credential.AddVerifyGeneration", "Credential.SetVerifyGeneration", "Credential.SetNillableVerifyGeneration", "Credential.AddVerifyUntil", "Credential.SetVerifyUntil", "Credential.SetNillableVerifyUntil", "Credential.AddResetGeneration", "Credential.SetResetGeneration", "Credential.SetNillableResetGeneration", "Credential.AddResetUntil", "Credential.SetResetUntil", "Credential.SetNillableResetUntil"},
		"address_link.follow": {"User.SetEmailVerified", "User.SetNillableEmailVerified", "Credential.AddVerifyGeneration", "Credential.SetVerifyGeneration", "Credential.SetNillableVerifyGeneration", "Credential.AddVerifyUntil", "Credential.SetVerifyUntil", "Credential.SetNillableVerifyUntil"},
		"reset_link.follow":   {"User.SetEmailVerified", "User.SetNillableEmailVerified", "Credential.AddResetGeneration", "Credential.SetResetGeneration", "Credential.SetNillableResetGeneration", "Credential.AddResetUntil", "Credential.SetResetUntil", "Credential.SetNillableResetUntil", "Credential.AddChangedAt", "Credential.SetChangedAt", "Credential.SetNillableChangedAt", "Credential.SetPasswordHash", "Credential.SetNillablePasswordHash"},
		"sign_in":             {"Credential.SetNillablePasswordHash", "Credential.SetPasswordHash"},
		"epoch.raise":         {"Epoch.AddNumber", "Epoch.SetNillableNumber", "Epoch.SetNumber"},
		"audit.denial":        {"AuditEvent.AddRepeated", "AuditEvent.SetNillableRepeated", "AuditEvent.SetRepeated"},
		"instance": {"Instance.AppendCheckIds", "Instance.SetCheckCiphertext", "Instance.SetCheckIds", "Instance.SetCheckKeysetID",
			"Instance.SetCheckWrappedKey", "Instance.SetNillableCheckKeysetID"},
		"idempotency": {"IdempotencyKey.AppendOutcomes", "IdempotencyKey.SetMadeID", "IdempotencyKey.SetNillableMadeID", "IdempotencyKey.SetNillablePartID",
			"IdempotencyKey.SetNillableSubjectID", "IdempotencyKey.SetOutcomes", "IdempotencyKey.SetPartID", "IdempotencyKey.SetSubjectID", "IdempotencyKey.ClearOutcomes"},
		"address.proven": {"User.SetEmailVerified", "User.SetNillableEmailVerified"},
		"share_link.follow": {"ShareLink.AddMisses", "ShareLink.AddRevokedAt", "ShareLink.SetMisses", "ShareLink.SetNillableMisses", "ShareLink.SetNillableRevokedAt",
			"ShareLink.SetRevokedAt", "ShareLink.AddTries", "ShareLink.SetTries", "ShareLink.SetNillableTries"},
		"share_link.over": {"ShareLink.AddEndedAt", "ShareLink.SetEndedAt", "ShareLink.SetNillableEndedAt"},
		"usage.last_used": {"APIKey.AddLastUsedAt", "APIKey.SetLastUsedAt", "APIKey.SetNillableLastUsedAt"},

		"verifier.last_used": {"VerifierToken.AddLastUsedAt", "VerifierToken.SetLastUsedAt", "VerifierToken.SetNillableLastUsedAt"},

		"api_key.expires": {"APIKey.AddRemindedDays", "APIKey.SetNillableRemindedDays", "APIKey.SetRemindedDays"},
		"spend.lease":     {"SpendAccount.AddGranted", "SpendAccount.SetGranted", "SpendAccount.SetNillableGranted"},
		"spend.charge":    {"SpendAccount.AddGranted", "SpendAccount.SetGranted", "SpendAccount.SetNillableGranted"},
		"spend.renew":     {"SpendLease.AddExpiresAt", "SpendLease.SetExpiresAt", "SpendLease.SetNillableExpiresAt"},
		"spend.lost":      {"SpendAccount.AddLost", "SpendAccount.SetLost", "SpendAccount.SetNillableLost"},
		"spend.alerts":    {"SpendAlert.AddRaisedFor", "SpendAlert.SetNillableRaisedFor", "SpendAlert.SetRaisedFor"},
		"webhook.claim": {"Webhook.AddAttempts", "Webhook.AddNextAttemptAt", "Webhook.SetAttempts", "Webhook.SetNextAttemptAt",
			"Webhook.SetNillableAttempts", "Webhook.SetNillableNextAttemptAt"},
		"webhook.mark": {"Webhook.AddNextAttemptAt", "Webhook.SetLastError", "Webhook.SetNextAttemptAt", "Webhook.SetNillableLastError",
			"Webhook.SetNillableNextAttemptAt", "Webhook.SetNillableState", "Webhook.SetState"},
		"mail.claim": {"Mail.AddAttempts", "Mail.AddNextAttemptAt", "Mail.SetAttempts", "Mail.SetNextAttemptAt", "Mail.SetNillableAttempts", "Mail.SetNillableNextAttemptAt"},
		"mail.mark": {"Invitation.AddSentAt", "Invitation.SetDelivery", "Invitation.SetNillableDelivery", "Invitation.SetNillableSentAt", "Invitation.SetSentAt",
			"Mail.AddNextAttemptAt", "Mail.AddSentAt", "Mail.SetLastError", "Mail.SetNextAttemptAt", "Mail.SetNillableLastError", "Mail.SetNillableNextAttemptAt",
			"Mail.SetNillableSentAt", "Mail.SetNillableState", "Mail.SetSentAt", "Mail.SetState"},
		"keyring.rewrap": {"SealedValue.SetKeysetID", "SealedValue.SetNillableKeysetID", "SealedValue.SetWrappedKey",
			"SealedVersion.SetKeysetID", "SealedVersion.SetNillableKeysetID", "SealedVersion.SetWrappedKey"},
	}
	deleting := map[string][]string{"epoch.forget": {"Revocation"}, "spend.lease": {"SpendLease"}, "spend.lost": {"SpendLease"}, "link.issue": {"Mail"}, "reset_link.follow": {"Session", "AccessToken"}, "usage.flush": {"UsageBatch"}, "usage.roll_up": {"UsageBatch", "UsageBucket"},
		"usage.report": {"UsageReport"}, "usage.forget": {"UsageReport"}} // TestUsageDuties... says which rows
	forgetting := []string{"idempotency", "idempotency.forget"} // TestDutiesForgetOnlyKeysWhoseDayIsOver
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		tried := 0
		for _, duty := range lock.Duties() {
			var got []string
			for _, typ := range c.types() {
				for _, one := range []bool{true, false} {
					for _, setter := range c.setters(typ, one) {
						tried++
						if err := c.try(t, core.WithDuty(context.Background(), duty), typ, setter, one); !isDenied(err) {
							got = append(got, typ+"."+setter)
						}
					}
				}
				err := c.try(t, core.WithDuty(context.Background(), duty), typ, "", false)
				switch {
				case slices.Contains(deleting[duty.Name], typ):
					passes(t, duty.Name+" deletes "+typ, err)
				case typ == "IdempotencyKey" && slices.Contains(forgetting, duty.Name):
				default:
					denied(t, duty.Name+" deletes "+typ, err)
				}
			}
			want := append(slices.Clone(passing[duty.Name]), passing[duty.Name]...) // once for one row, once for many
			slices.SortFunc(want, cmp.Compare[string])
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s may call %v, want %v", duty.Name, got, want)
			}
		}
		if tried < 5000 {
			t.Errorf("only %d setters were tried", tried)
		}
	})
}

func TestDutiesPinWhatTheyCreate(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, s *apptest.Server) {
		c := newScene(t, s)
		bare, db := context.Background(), s.App.Store
		in := lock.SignIn(bare, c.ada.ID)
		denied(t, "a session for somebody else", db.Session.Create().SetUserID(c.ben.ID).SetTokenHash("x").SetExpiresAt(1).Exec(in))
		denied(t, "a session for nobody", db.Session.Create().SetTokenHash("x").SetExpiresAt(1).Exec(in))
		denied(t, "an audit row of another deed", db.AuditEvent.Create().SetType("api_key.created").SetOutcome("DONE").SetActorKind("user").SetActorID(c.ada.ID).Exec(in))
		denied(t, "an audit row of another actor", db.AuditEvent.Create().SetType("login.succeeded").SetOutcome("DONE").SetActorKind("user").SetActorID(c.ben.ID).Exec(in))
		up := lock.SignUp(bare, lock.Account{UserID: "usr_new", OrganizationID: "org_new", ProjectID: "prj_new"})
		denied(t, "another user", db.User.Create().SetID("usr_other").SetUsername("x").SetName("x").SetEmail("x@x").SetPersonalOrganizationID("org_new").Exec(up))
		denied(t, "another's password", db.Credential.Create().SetUserID(c.ben.ID).SetPasswordHash("x").Exec(up))
		denied(t, "a place in another's organization", db.OrganizationMember.Create().SetOrganizationID(c.ben.Home).SetUserID("usr_new").SetRole("OWNER").Exec(up))
		denied(t, "a place in another's project", db.ProjectMember.Create().SetProjectID(c.ben.Project).SetUserID("usr_new").SetRole("OWNER").Exec(up))
		denied(t, "another's place", db.OrganizationMember.Create().SetOrganizationID("org_new").SetUserID(c.ben.ID).SetRole("OWNER").Exec(up))
		denied(t, "a project elsewhere", db.Project.Create().SetID("prj_new").SetOrganizationID(c.ben.Home).SetName("x").SetEnvironment("STAGING").SetIsDefault(true).Exec(up))
		denied(t, "an organization that is not personal", db.Organization.Create().SetID("org_new").SetName("x").SetSlug("x").Exec(up))
		denied(t, "a key", db.APIKey.Create().SetProjectID("prj_new").SetOwnerID("usr_new").SetName("x").SetKind("PROJECT").SetStart("x").Exec(up))
		denied(t, "an opening that nobody decided about", db.AuditEvent.Create().SetType("share_link.opened").SetOutcome("DONE").SetActorKind("none").Exec(lock.ShareLinkFollow(bare, "shl_x")))
		denied(t, "a code by who only tells of an end", db.Mail.Create().SetKind("share_link_code").SetRecipient("x").SetState("QUEUED").Exec(lock.ShareLinksOver(bare)))
		denied(t, "a denial that says it was done", db.AuditEvent.Create().SetType("x").SetOutcome("DONE").SetActorKind("user").Exec(lock.Denial(bare)))
		denied(t, "a second instance", db.Instance.Create().SetOnly(2).SetCheckCiphertext(nil).SetCheckIds(nil).SetCheckKeysetID("x").SetCheckWrappedKey(nil).Exec(lock.Instance(bare)))
		denied(t, "a key of somebody else", db.IdempotencyKey.Create().SetLookup("l").SetUserID(c.ben.ID).SetMutation("m").SetFingerprint(nil).SetPepperID("p").SetExpiresAt(1).Exec(lock.Idempotency(bare, c.ada.ID, "l")))
		denied(t, "another key", db.IdempotencyKey.Create().SetLookup("o").SetUserID(c.ada.ID).SetMutation("m").SetFingerprint(nil).SetPepperID("p").SetExpiresAt(1).Exec(lock.Idempotency(bare, c.ada.ID, "l")))
		denied(t, "a key by who forgets them", db.IdempotencyKey.Create().SetLookup("l").SetUserID(c.ada.ID).SetMutation("m").SetFingerprint(nil).SetPepperID("p").SetExpiresAt(1).Exec(lock.ForgetKeys(bare)))
		n, err := db.AuditEvent.Update().SetRepeated(99).Save(lock.Denial(bare))
		passes(t, "counting denials", err)
		if all := s.Count(t, "audit_events WHERE repeated = 99 AND outcome <> 'DENIED'"); n != 0 || all != 0 {
			t.Errorf("counting denials changed %d rows, %d of them of what was done", n, all)
		}
	})
}
