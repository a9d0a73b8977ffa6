//keyhall:norace
package viewer_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keyhall/keyhall/internal/viewer"
)

func TestAContextWithoutAViewerIsAnonymous(t *testing.T) {
	t.Parallel()
	got := viewer.From(context.Background())
	if !cmp.Equal(got, viewer.Viewer{}) || got.SignedIn() || got.Kind != viewer.None {
		t.Errorf("got %+v", got)
	}
}

func TestTheViewerThatWasPutInComesOut(t *testing.T) {
	t.Parallel()
	anna := viewer.Viewer{
		Kind: viewer.User, UserID: "usr_1", Username: "anna", Email: "anna@example.com", EmailVerified: true, Administrator: true,
		SessionID: "ses_1", TokenID: "pat_1", Narrow: []string{"api_key.view"}, IP: "192.0.2.1", UserAgent: "curl", RequestID: "r1",
	}
	outer := viewer.With(context.Background(), anna)
	inner := viewer.With(outer, viewer.Viewer{Kind: viewer.Operator})
	if diff := cmp.Diff(anna, viewer.From(outer)); diff != "" {
		t.Error(diff)
	}
	if got := viewer.From(inner); got.Kind != viewer.Operator || got.UserID != "" {
		t.Errorf("the inner viewer inherits: %+v", got)
	}
}

func TestNobodyCanWidenATokenThroughTheContext(t *testing.T) {
	t.Parallel()
	narrow := []string{"api_key.view"}
	ctx := viewer.With(context.Background(), viewer.Viewer{Kind: viewer.User, UserID: "usr_1", Narrow: narrow})
	narrow[0] = "api_key.delete"
	viewer.From(ctx).Narrow[0] = "api_key.delete"
	if got := viewer.From(ctx); !got.Narrowed("api_key.delete") || got.Narrowed("api_key.view") {
		t.Errorf("narrow is now %v", got.Narrow)
	}
}

func TestAnEmptyListOfPermissionsAllowsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		narrow []string
		want   bool
	}{"nil": {nil, false}, "empty": {[]string{}, true}, "other": {[]string{"user.view"}, true}, "same": {[]string{"api_key.view"}, false}} {
		ctx := viewer.With(context.Background(), viewer.Viewer{Kind: viewer.User, UserID: "usr_1", Narrow: tt.narrow})
		if got := viewer.From(ctx).Narrowed("api_key.view"); got != tt.want {
			t.Errorf("%s: narrowed %v, want %v", name, got, tt.want)
		}
	}
}

func TestOnlyAnAccountIsSignedIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		v    viewer.Viewer
		want bool
	}{
		"account": {viewer.Viewer{Kind: viewer.User, UserID: "usr_1"}, true}, "without id": {viewer.Viewer{Kind: viewer.User}, false},
		"operator": {viewer.Viewer{Kind: viewer.Operator, UserID: "usr_1"}, false}, "id without kind": {viewer.Viewer{UserID: "usr_1"}, false},
	} {
		if got := tt.v.SignedIn(); got != tt.want {
			t.Errorf("%s: signed in %v", name, got)
		}
	}
}

func TestTheLogGetsIdsAndNoAddresses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "viewer", viewer.Viewer{
		Kind: viewer.User, UserID: "usr_1", Username: "anna", Email: "anna@example.com", IP: "192.0.2.1", RequestID: "r1",
	})
	if got := log.String(); !strings.Contains(got, "usr_1") || strings.Contains(got, "anna") || strings.Contains(got, "192.0.2.1") {
		t.Error(got)
	}
}
