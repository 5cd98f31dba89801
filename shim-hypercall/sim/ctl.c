/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl.c - from a request's bytes to a handler's arguments, and its answer.
 */
#include "ctl.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

#define REQUEST_DEPTH 4

const struct verb *verb_find(const char *name)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const char *arg_key(const struct arg *a, char *buf)
{
	const char *from = a->name + strspn(a->name, "-");
	size_t i;

	for (i = 0; from[i] && i < 31; i++)
		buf[i] = from[i] == '-' ? '_' : (char)tolower(from[i]);
	buf[i] = 0;
	return buf;
}

int ctl_refuse(struct ctl_call *c, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why->text, sizeof(c->why->text), fmt, ap);
	va_end(ap);
	return -error;
}

bool ctl_has(const struct ctl_call *c, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(c->req, key, &v))
		return false;
	/* A flag that says false is as good as none. */
	return !json_object_is_type(v, json_type_boolean) ||
	       json_object_get_boolean(v);
}

const char *ctl_text(const struct ctl_call *c, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(c->req, key, &v))
		return NULL;
	return json_object_get_string(v);
}

static int number_of(struct json_object *v, uint64_t *ret)
{
	int64_t i;

	if (json_object_is_type(v, json_type_string))
		return nv_size_parse(json_object_get_string(v), ret);
	if (!json_object_is_type(v, json_type_int))
		return -EINVAL;
	i = json_object_get_int64(v);
	if (i < 0)
		return -EINVAL;
	*ret = (uint64_t)i;
	return 0;
}

uint64_t ctl_number(const struct ctl_call *c, const char *key,
		    uint64_t otherwise)
{
	struct json_object *v;

	if (json_object_object_get_ex(c->req, key, &v) &&
	    number_of(v, &otherwise))
		return 0;
	return otherwise;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ctl_bytes(const struct ctl_call *c, const char *key, uint8_t **ret,
	      size_t *ret_len)
{
	const char *text = ctl_text(c, key);
	size_t i, len = strlen(text) / 2;
	uint8_t *b;

	b = malloc(len + 1);
	if (!b)
		return -ENOMEM;
	for (i = 0; i < len; i++)
		b[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 |
				 hex_digit(text[2 * i + 1]));
	*ret = b;
	*ret_len = len;
	return 0;
}

struct domain *ctl_domain(struct ctl_call *c)
{
	const char *text = ctl_text(c, "dom");
	struct domain *d = domain_lookup(c->host, text);

	if (!d)
		ctl_refuse(c, ESRCH, "there is no domain '%s'", text);
	return d;
}

void ctl_out_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

void ctl_out_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_int64((int64_t)value));
}

void ctl_out_hex(struct json_object *o, const char *key, uint64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%llx", (unsigned long long)value);
	ctl_out_text(o, key, buf);
}

void ctl_out_flag(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void ctl_out_bytes(struct json_object *o, const char *key, const uint8_t *b,
		   size_t len)
{
	static const char digits[] = "0123456789abcdef";
	nv_cleanup(nv_freep) char *text = malloc(2 * len + 1);
	size_t i;

	if (!text)
		return;
	for (i = 0; i < len; i++) {
		text[2 * i] = digits[b[i] >> 4];
		text[2 * i + 1] = digits[b[i] & 15];
	}
	text[2 * len] = 0;
	ctl_out_text(o, key, text);
}

static bool is_word(const char *words, const char *text)
{
	size_t n = strlen(text);
	const char *at;

	for (at = words; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (!strncmp(at, text, n) && (!at[n] || at[n] == '|') && n)
			return true;
	}
	return false;
}

static int arg_check(struct ctl_call *c, const struct arg *a,
		     struct json_object *v)
{
	const char *text = json_object_get_string(v);
	struct nv_uuid u;
	uint64_t n;

	if (!text)
		return ctl_refuse(c, EINVAL, "%s has no value", a->name);
	if (a->kind == ARG_FLAG) {
		if (!json_object_is_type(v, json_type_boolean))
			return ctl_refuse(c, EINVAL, "%s is true or false",
					  a->name);
		return 0;
	}
	if (a->kind == ARG_NUMBER) {
		if (number_of(v, &n))
			return ctl_refuse(c, EINVAL,
					  "%s: '%.40s' is not a number, like "
					  "4096, 0x1000 or 2M", a->name, text);
		return 0;
	}
	if (!json_object_is_type(v, json_type_string))
		return ctl_refuse(c, EINVAL, "%s must be text", a->name);
	if (strlen(text) != (size_t)json_object_get_string_len(v))
		return ctl_refuse(c, EINVAL, "%s has a NUL in it", a->name);
	if (a->kind == ARG_WORD && !is_word(a->words, text))
		return ctl_refuse(c, EINVAL, "%s: '%.40s' is none of %s",
				  a->name, text, a->words);
	if (a->kind == ARG_UUID && nv_uuid_parse(text, &u))
		return ctl_refuse(c, EINVAL, "%s: '%.40s' is not a UUID",
				  a->name, text);
	if (a->kind == ARG_HEX && (strlen(text) % 2 || !*text ||
				   strspn(text, "0123456789abcdefABCDEF") !=
					   strlen(text)))
		return ctl_refuse(c, EINVAL,
				  "%s: '%.40s' is not bytes in hexadecimal, "
				  "like 00ff7a", a->name, text);
	return 0;
}

static int args_check(struct ctl_call *c)
{
	struct json_object_iterator it, end;
	const struct arg *a;
	char key[32];
	int r;

	it = json_object_iter_begin(c->req);
	end = json_object_iter_end(c->req);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		const char *name = json_object_iter_peek_name(&it);

		if (!strcmp(name, "verb"))
			continue;
		for (a = c->verb->args; a->name; a++)
			if (!strcmp(arg_key(a, key), name))
				break;
		if (!a->name)
			return ctl_refuse(c, EINVAL, "'%s' knows no '%.40s'",
					  c->verb->name, name);
		r = arg_check(c, a, json_object_iter_peek_value(&it));
		if (r)
			return r;
	}
	for (a = c->verb->args; a->name; a++)
		if (a->required && !ctl_has(c, arg_key(a, key)))
			return ctl_refuse(c, EINVAL, "'%s' needs %s: %s",
					  c->verb->name, a->name, a->help);
	return 0;
}

static int request_run(struct ctl_call *c)
{
	const char *name;
	int r;

	if (!json_object_is_type(c->req, json_type_object))
		return ctl_refuse(c, EINVAL, "a request is a JSON object");
	name = ctl_text(c, "verb");
	if (!name)
		return ctl_refuse(c, EINVAL, "the request has no verb");
	c->verb = verb_find(name);
	if (!c->verb)
		return ctl_refuse(c, EINVAL, "there is no verb '%.40s'", name);
	r = args_check(c);
	return r ? r : c->verb->run(c);
}

int ctl_run(struct ctl *ctl, const char *text, size_t len,
	    struct json_object **ret)
{
	struct nv_why why = { "" };
	struct ctl_call c = { .ctl = ctl, .host = ctl->host, .why = &why };
	struct json_tokener *tok;
	int r;

	*ret = NULL;
	tok = json_tokener_new_ex(REQUEST_DEPTH);
	c.out = json_object_new_object();
	if (!tok || !c.out) {
		if (tok)
			json_tokener_free(tok);
		json_object_put(c.out);
		return -ENOMEM;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
					    JSON_TOKENER_VALIDATE_UTF8);
	if (len && len <= INT32_MAX)
		c.req = json_tokener_parse_ex(tok, text, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success || !c.req ||
	    json_tokener_get_parse_end(tok) != len)
		r = ctl_refuse(&c, EINVAL, "the request is not JSON");
	else
		r = request_run(&c);
	json_tokener_free(tok);
	json_object_put(c.req);

	if (r) {
		json_object_put(c.out);
		c.out = json_object_new_object();
		if (!c.out)
			return -ENOMEM;
		ctl_out_text(c.out, "error", *why.text ? why.text :
							 strerror(-r));
	}
	*ret = c.out;
	return r;
}
