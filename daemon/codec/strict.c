/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/strict.c - a scan for what json-c forgives, then json-c.
 */
#include "codec/strict.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"

/* The digits of INT64_MAX; json-c reads up to twice that without changing it. */
#define INT_DIGITS 19

/* Where the scan stands, and what it counted. */
struct scan {
	const char *text;
	size_t len, at;
	unsigned int depth;
	size_t members;		/* of objects */
	struct nv_why *why;
};

static int scan_refuse(const struct scan *s, const char *what)
{
	return nv_refuse(s->why, NV_E_BAD_REQUEST,
			 "the message is no valid JSON: %s at byte %zu", what,
			 s->at);
}

/* From behind the opening quote to behind the closing one. */
static int scan_string(struct scan *s)
{
	uint32_t c;
	size_t n;

	while (s->at < s->len) {
		n = utf8_next(s->text + s->at, s->len - s->at, &c);
		if (!n)
			return scan_refuse(s, "bytes that are not UTF-8");
		if (c < 0x20)
			return scan_refuse(s, "a control character in a string");
		s->at += n;
		if (c == '"')
			return 0;
		if (c == '\\' && s->at < s->len)
			s->at++;
	}
	return scan_refuse(s, "a string without an end");
}

static int scan_digits(struct scan *s)
{
	size_t first = s->at;

	while (s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9')
		s->at++;
	if (s->at - first > INT_DIGITS)
		return scan_refuse(s, "a number with too many digits");
	return 0;
}

static int scan_token(struct scan *s)
{
	char c = s->text[s->at];

	if (c >= '0' && c <= '9')
		return scan_digits(s);
	s->at++;
	switch (c) {
	case '"':
		return scan_string(s);
	case '{':
	case '[':
		if (++s->depth > STRICT_DEPTH)
			return scan_refuse(s, "too many levels");
		return 0;
	case '}':
	case ']':
		if (!s->depth--)
			return scan_refuse(s, "a bracket too many");
		return 0;
	case ':':
		s->members++;
		return 0;
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		return 0;
	default:
		/* ' and the capital words of json-c's dialect end here too */
		if ((c >= 'a' && c <= 'z') || c == '-' || c == '+' ||
		    c == '.' || c == ',' || c == 'E')
			return 0;
		s->at--;
		return scan_refuse(s, "an unexpected character");
	}
}

/* Members in the tree; less than were read if a key came twice. */
static size_t members_of(struct json_object *o)
{
	size_t n = 0, i;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value) {
			(void)key;
			n += 1 + members_of(value);
		}
	} else if (json_object_is_type(o, json_type_array)) {
		for (i = 0; i < json_object_array_length(o); i++)
			n += members_of(json_object_array_get_idx(o, i));
	}
	return n;
}

static void putp(struct json_object **o)
{
	json_object_put(*o);
}

static void tokener_freep(struct json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

int strict_parse(const char *text, size_t len, struct nv_why *why,
		 struct json_object **ret)
{
	struct scan s = { .text = text, .len = len, .why = why };
	nv_cleanup(tokener_freep) struct json_tokener *t = NULL;
	nv_cleanup(putp) struct json_object *o = NULL;
	enum json_tokener_error e;
	int r;

	if (len > INT32_MAX)
		return scan_refuse(&s, "more than 2 GiB");
	while (s.at < len) {
		r = scan_token(&s);
		if (r)
			return r;
	}
	/* no parser is made for what cannot be an object */
	if (!memchr(text, '{', len))
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "the message is not a JSON object");

	t = json_tokener_new_ex(STRICT_DEPTH + 1);
	if (!t)
		return -ENOMEM;
	json_tokener_set_flags(t, JSON_TOKENER_STRICT |
				  JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)len);
	e = json_tokener_get_error(t);
	s.at = json_tokener_get_parse_end(t);
	if (e == json_tokener_continue)
		return scan_refuse(&s, "it ends too early");
	if (e != json_tokener_success)
		return scan_refuse(&s, json_tokener_error_desc(e));
	if (s.at != len)
		return scan_refuse(&s, "something follows it");
	if (!json_object_is_type(o, json_type_object))
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "the message is not a JSON object");
	if (members_of(o) != s.members)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "a key stands twice in the same object of the message");

	*ret = nv_steal(&o);
	return 0;
}
