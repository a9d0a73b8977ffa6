package mail

import "github.com/keyhall/keyhall/internal/token"

// Kind is what a letter says.
type Kind string

// The letters that are sent.
const (
	Invitation      Kind = "invitation"       // ResourceID: the invitation, WithinID: its key, Name: the key's, ActorName, Role
	VerifyEmail     Kind = "verify_email"     // ResourceID: the account
	ResetPassword   Kind = "reset_password"   // ResourceID: the account
	KnownAddress    Kind = "known_address"    // somebody signed up with an address that has an account
	PasswordChanged Kind = "password_changed" //
	KeyExposed      Kind = "key_exposed"      // ResourceID: the key, Name: its name, ActorName: who marked it
	GroupGrew       Kind = "group_grew"       // ResourceID: the group, Name: its name, ActorName: who added people to it
	SecretRevealed  Kind = "secret_revealed"  // ResourceID: the secret, Name: its name, ActorName: who looked at its value

	SpendAlert Kind = "spend_alert" // ResourceID: the alert, WithinID: what it is of, Name: its name, Role: which part of which limit
	KeyExpires Kind = "key_expires" // ResourceID: the key, Name: its name, Generation: in how many days at most

	ShareLinkCode    Kind = "share_link_code"    // ResourceID: the link, WithinID: its secret, ActorName: who made it; it says the code and never the link
	ShareLinkExpired Kind = "share_link_expired" // ResourceID: the link, WithinID: its secret

	OrganizationInvitation Kind = "organization_invitation" // ResourceID: the invitation, WithinID: the organization, Name: its name, ActorName, Role
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{
		Invitation, VerifyEmail, ResetPassword, KnownAddress, PasswordChanged, KeyExposed, GroupGrew, SecretRevealed, ShareLinkCode, ShareLinkExpired,
		OrganizationInvitation, SpendAlert, KeyExpires,
	}
}

// Letter is what a deed wants to be told. It holds ids and names: never a token, never a value.
type Letter struct {
	Kind       Kind
	To         string // address
	UserID     string // whose account it is about, where there is one
	ResourceID string // what the link stands for
	WithinID   string // what that is part of
	Generation int    // of the link
	Name       string // of what it is about
	ActorName  string // of who did it
	Role       string
}

// link tells which token the letter's link carries; a letter may have none.
func (k Kind) link() (token.Link, bool) {
	l, ok := map[Kind]token.Link{
		Invitation: token.InvitationLink, OrganizationInvitation: token.InvitationLink, VerifyEmail: token.AddressLink, ResetPassword: token.ResetLink,
	}[k]
	return l, ok
}

// Invites tells whether the letter carries an invitation.
func (k Kind) Invites() bool { return k == Invitation || k == OrganizationInvitation }

// page is where the letter's link leads. The token stands in the fragment, which no browser sends to a server.
func (k Kind) page() string {
	return map[Kind]string{
		Invitation: "/invitations", OrganizationInvitation: "/invitations", VerifyEmail: "/verify-email", ResetPassword: "/reset-password",
		KnownAddress: "/sign-in", PasswordChanged: "/sign-in", KeyExposed: "/", SecretRevealed: "/", GroupGrew: "/",
		ShareLinkCode: "/share", ShareLinkExpired: "/share", SpendAlert: "/", KeyExpires: "/",
	}[k]
}
