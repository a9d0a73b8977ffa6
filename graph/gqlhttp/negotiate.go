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

// negotiate picks the media type of the answer, or "" when the client accepts none. Silence and wildcards mean
// application/json: clients older than graphql-response+json expect it. A single answer is a stream for a client that
// takes nothing else.
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
	if best == "" && acceptsStream(accept) {
		return mediaStream
	}
	return best
}

// acceptsStream tells whether the client takes a stream. It has to say so by name: no wildcard means one.
func acceptsStream(accept []string) bool {
	for _, wish := range strings.Split(strings.Join(accept, ","), ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(wish))
		if err == nil && media == mediaStream && isUTF8(params["charset"]) && qualityOf(params) > 0 {
			return true
		}
	}
	return false
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
	if quality = qualityOf(params); quality == 0 {
		return "", 0
	}
	return media, quality
}

// qualityOf is how much a client likes what it names; 0 when it does not, or says so in no number from 0 to 1.
func qualityOf(params map[string]string) float64 {
	q, given := params["q"]
	if !given {
		return 1
	}
	quality, err := strconv.ParseFloat(q, 64)
	if err != nil || !(quality > 0 && quality <= 1) {
		return 0
	}
	return quality
}

// isUTF8 accepts the one charset of JSON, and its absence.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
