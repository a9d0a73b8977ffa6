package policy

import (
	"maps"
	"slices"
	"strings"
)

// Settings are what the operator switches on for the whole instance. They are part of the law: a revision has them like its
// rules, so that every form of a rule, its reasons and the audit trail go by the same.
type Settings struct {
	ShareLinks bool // secrets may be shared by one-time links
}

const settingsFile = "settings/settings.rego"

// with puts the settings in the place of those that hold when nothing is configured.
func (s sources) with(o Settings) sources {
	if !o.ShareLinks {
		return s
	}
	s = sources{slices.Clone(s.paths), maps.Clone(s.texts)}
	path := "keyhall/" + settingsFile
	for _, p := range s.paths {
		if strings.HasSuffix(p, settingsFile) {
			path = p
		}
	}
	if _, there := s.texts[path]; !there {
		s.paths = append(s.paths, path)
		slices.Sort(s.paths)
	}
	s.texts[path] = "package keyhall.settings\n\nshare_links := true\n"
	return s
}
