package gqlhttp

import (
	"mime"
	"strconv"
	"strings"
)

const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
)

// negotiate picks the media type of the answer, or "" when the client accepts neither.
// Silence and wildcards mean application/json: clients older than graphql-response+json expect it.
func negotiate(accept []string) string {
	if len(accept) == 0 {
		return mediaJSON
	}
	best, bestQuality := "", 0.0
	for _, wish := range strings.Split(strings.Join(accept, ","), ",") {
		media, quality := parseWish(wish)
		if quality > bestQuality {
			best, bestQuality = media, quality
		}
	}
	return best
}

// parseWish reads one element of an Accept header; quality 0 means that it is of no use here.
func parseWish(wish string) (media string, quality float64) {
	media, params, err := mime.ParseMediaType(strings.TrimSpace(wish))
	if err != nil || !isUTF8(params["charset"]) {
		return "", 0
	}
	switch media {
	case mediaJSON, mediaGraphQL:
	case "*/*", "application/*":
		media = mediaJSON
	default:
		return "", 0
	}
	q, given := params["q"]
	if !given {
		return media, 1
	}
	quality, err = strconv.ParseFloat(q, 64)
	if err != nil || !(quality > 0 && quality <= 1) {
		return "", 0
	}
	return media, quality
}

// isUTF8 accepts the one charset of JSON, and its absence.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
