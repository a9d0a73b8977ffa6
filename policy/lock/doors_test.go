package lock_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyhall/keyhall/policy/internal/core"
	"github.com/keyhall/keyhall/policy/lock"
)

func lockDuties() []core.Duty { return lock.Duties() }

// Who may put a gate, a permit or a duty into a context, by hand. A duty is a way round the viewer, so each has one place
// that needs it; generated code is not asked, it only serves.
func doors() map[string][]string {
	return map[string][]string{
		"WithGate":  {"internal/access"},
		"ReadingOf": {"internal/access"},
		"LookUp":    {"internal/access"},
		"WholeList": {"internal/access"},
		"Permit":    {"internal/access"},
		"Under":     {"internal/audit"},
		"Audited":   {"internal/audit"},
		"Rules":     {"ent/schema"},
		"Recorded":  {"ent/schema"},
		"AuditType": {"policy"},
		"Statement": {"internal/store"},
		"Revoking":  {"ent/schema"},

		"EpochChannel": {"internal/epoch"},
		"EpochWatch":   {"internal/epoch"},
		"EpochForget":  {"internal/epoch"},

		"VerifyLookup":    {"internal/verify"},
		"VerifySecret":    {"internal/verify"},
		"VerifyOwner":     {"internal/verify"},
		"VerifierByToken": {"internal/verify"},

		"SessionByToken":      {"internal/authn"},
		"AccessTokenByLookup": {"internal/authn"},
		"Touch":               {"internal/authn"},
		"SignInLookup":        {"internal/authn"},
		"SignIn":              {"internal/authn"},
		"OwnAccount":          {"internal/authn", "internal/keyhall"},
		"IssueLink":           {"internal/authn"},
		"FollowAddressLink":   {"internal/authn"},
		"FollowResetLink":     {"internal/authn"},
		"KnownAddress":        {"internal/authn"},
		"SignUpLookup":        {"internal/authn"},
		"SignUp":              {"internal/authn"},
		"SignUpProven":        {"internal/authn"},
		"SetUp":               {"internal/authn"},
		"Account":             {"internal/authn"},
		"Administrator":       {"internal/authn"},
		"Instance":            {"internal/authn", "internal/instance"},
		"AccountByEmail":      {"internal/authn", "internal/keyhall"},
		"InvitationByLink":    {"internal/keyhall"},
		"AddressProven":       {"internal/authn"},
		"MailClaim":           {"internal/mail"},
		"MailMark":            {"internal/mail"},
		"Posted":              {"internal/mail"},
		"AuditPlace":          {"internal/audit"},
		"Denial":              {"internal/audit"},
		"Idempotency":         {"internal/once"},
		"ForgetKeys":          {"internal/once"},
		"CredentialStanding":  {"internal/authn", "internal/keyhall"},
		"KeyAudience":         {"internal/keyhall"},
		"ProjectGroups":       {"internal/keyhall"},
		"ProjectAudience":     {"internal/keyhall"},
		"AccountByLogin":      {"internal/keyhall"},
		"GroupInReach":        {"internal/keyhall"},
		"SharedGroups":        {"internal/keyhall"},
		"SecretAudience":      {"internal/keyhall"},
		"GroupAudience":       {"internal/keyhall"},
		"ShareLinkByToken":    {"internal/keyhall"},
		"ShareLinkFollow":     {"internal/keyhall"},
		"ShareLinksOver":      {"internal/keyhall"},
		"Exposure":            {"internal/keyhall"},
		"Exposed":             {"internal/keyhall"},
		"GroupReach":          {"internal/keyhall"},
		"Departure":           {"internal/keyhall"},
		"Principals":          {"internal/keyhall"},

		"OrganizationContents": {"internal/keyhall"},
		"InvitationPlaces":     {"internal/keyhall"},
		"Offboarding":          {"internal/keyhall"},

		"Rewrap":      {"internal/instance"},
		"Sharing":     {"internal/keyhall"},
		"LimitsOf":    {"internal/keyhall"},
		"SpendAlerts": {"internal/keyhall"},
		"SpendLease":  {"internal/quota"},
		"SpendCharge": {"internal/quota"},

		"SpendLimitsOver": {"internal/keyhall"},

		"SpendRenew":    {"internal/quota"},
		"SpendLost":     {"internal/quota"},
		"SpendLook":     {"internal/quota"},
		"WebhookClaim":  {"internal/webhook"},
		"WebhookMark":   {"internal/webhook"},
		"UsageFlush":    {"internal/usage"},
		"KeysUsed":      {"internal/usage"},
		"VerifiersUsed": {"internal/verify"},
		"UsageRollUp":   {"internal/usage"},
		"UsageReport":   {"internal/usage"},
		"ForgetReports": {"internal/usage"},
		"UsageOf":       {"internal/keyhall"},
		"Used":          {"internal/keyhall"},
		"KeysExpire":    {"internal/keyhall"},
	}
}

func TestEveryDoorOfTheLockHasItsPlace(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	eachFile(t, filepath.Join("..", ".."), func(path string, file *ast.File) {
		folder := filepath.ToSlash(filepath.Dir(path))
		if strings.HasSuffix(path, "_test.go") || ast.IsGenerated(file) || folder == "policy/lock" {
			return
		}
		for _, name := range usesOf(file, "github.com/keyhall/keyhall/policy/lock") {
			used[name] = true
			if !slices.Contains(doors()[name], folder) {
				t.Errorf("%s uses lock.%s, which only %v may", path, name, doors()[name])
			}
		}
	})
	for name := range doors() {
		if !used[name] {
			t.Errorf("nobody uses lock.%s any more: take it off the list", name)
		}
	}
}

func eachFile(t *testing.T, root string, found func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != root && (strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" || e.Name() == "node_modules"):
			return filepath.SkipDir
		case e.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		found(below, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// usesOf lists the names of a package that a file uses, under whatever name it imports it; a dot import is every name.
func usesOf(file *ast.File, importPath string) []string {
	local := ""
	for _, spec := range file.Imports {
		if spec.Path.Value == `"`+importPath+`"` {
			local = importPath[strings.LastIndex(importPath, "/")+1:]
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	if local == "." {
		return []string{". (a dot import)"}
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if use, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := use.X.(*ast.Ident); ok && pkg.Name == local {
				out = append(out, use.Sel.Name)
			}
		}
		return true
	})
	return out
}

// Ent's privacy packages have a context that lets everything pass before the lock is asked, so nobody may import them. The
// guard is a test of internal/floors; here it is run over a small module with one violation each.
func TestTheGuardOfEntsPrivacySeesEveryWayToImportIt(t *testing.T) {
	t.Parallel()
	const ours, theirs = "github.com/keyhall/keyhall/ent/privacy", "entgo.io/ent/privacy"
	const generated = "// Code generated by ent, DO NOT EDIT.\n"
	guard := filepath.Join(t.TempDir(), "guard")
	if out, err := exec.Command("go", "test", "-c", "-o", guard, "github.com/keyhall/keyhall/internal/floors").CombinedOutput(); err != nil {
		t.Fatalf("build the guard: %v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		path, text string
		refused    bool
	}{
		"nothing":                      {"internal/attic/a.go", "package attic\n", false},
		"ent's":                        {"internal/keyhall/a.go", "package keyhall\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"the generated one":            {"internal/keyhall/a.go", "package keyhall\nimport \"" + ours + "\"\nvar _ = privacy.Allow\n", true},
		"by another name":              {"graph/a.go", "package graph\nimport harmless \"" + theirs + "\"\nvar _ = harmless.Allow\n", true},
		"with a dot":                   {"graph/a.go", "package graph\nimport . \"" + theirs + "\"\nvar _ = Allow\n", true},
		"blank":                        {"graph/a.go", "package graph\nimport _ \"" + theirs + "\"\n", true},
		"in a test":                    {"internal/keyhall/a_test.go", "package keyhall\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"behind a build tag":           {"internal/keyhall/a.go", "//go:build never\n\npackage keyhall\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"in the schema":                {"ent/schema/a.go", "package schema\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"in hand-written code of ent":  {"ent/a.go", "package ent\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"generated, but not by ent":    {"graph/a.go", generated + "package graph\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
		"in the generated code of ent": {"ent/a.go", generated + "package ent\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", false},
		"in the lock":                  {"policy/lock/a.go", "package lock\nimport \"" + theirs + "\"\nvar _ = privacy.Deny\n", false},
		"at the root":                  {"a.go", "package main\nimport \"" + theirs + "\"\nvar _ = privacy.Allow\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, filepath.Join(root, filepath.FromSlash(c.path)), c.text)
			at := filepath.Join(root, "internal", "floors") // the guard walks the module that it stands in
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(guard, "-test.run", "^TestOnlyTheLockKnowsEntsPrivacy$")
			run.Dir = at
			out, err := run.CombinedOutput()
			if refused := err != nil && strings.Contains(string(out), c.path+":"); refused != c.refused || (err != nil) != c.refused {
				t.Errorf("refused: %v, want %v\n%s", err != nil, c.refused, out)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
