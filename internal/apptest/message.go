package apptest

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"

	letters "github.com/keyhall/keyhall/internal/mail"
)

// Message is a letter as it came: its headers, both its forms and the link in it.
type Message struct {
	From, To   string // of the envelope
	Header     mail.Header
	ID         string
	Kind       letters.Kind // what it is about; empty: nothing that is known
	Subject    string
	Text, HTML string
	Link       string // the first one of the text
	Token      string // what stands behind its #
	Problem    string // why it could not be read; empty
	Raw        string
}

func readMessage(from, to string, raw []byte) Message {
	m := Message{From: from, To: to, Raw: string(raw)}
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	m.Header, m.ID = parsed.Header, parsed.Header.Get("Message-ID")
	m.Subject, _ = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err := m.readParts(parsed); err != nil {
		m.Problem = err.Error()
	}
	m.Link = regexp.MustCompile(`https?://\S+`).FindString(m.Text)
	_, m.Token, _ = strings.Cut(m.Link, "#")
	m.Kind = kindOf(m.Subject)
	return m
}

// kindOf tells letters apart as their reader does.
func kindOf(subject string) letters.Kind {
	for words, kind := range map[string]letters.Kind{
		" invited you to ": letters.Invitation, "Confirm your e-mail address": letters.VerifyEmail, "Choose a new password": letters.ResetPassword,
		"You have an account already": letters.KnownAddress, "Your password was changed": letters.PasswordChanged, " was marked as exposed": letters.KeyExposed,
		" shares a secret with you": letters.ShareLinkCode, "A link that was shared with you has expired": letters.ShareLinkExpired,
		" added people to the group ": letters.GroupGrew, " invites you to join ": letters.OrganizationInvitation,
		" has used a part of its spend limit": letters.SpendAlert,
	} {
		if strings.Contains(subject, words) {
			return kind
		}
	}
	return ""
}

func (m *Message) readParts(parsed *mail.Message) error {
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(text)
		} else {
			m.Text = string(text)
		}
	}
}
