/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/varlink.c - cutting bytes into messages; calls and replies.
 */
#include "codec/varlink.h"

#include <json-c/json.h>
#include <string.h>

#include "codec/strict.h"

#define INPUT_FIRST 4096

static void putp(struct json_object **o)
{
	json_object_put(*o);
}

int varlink_input_room(struct varlink_input *in, char **ret_buf,
		       size_t *ret_size)
{
	size_t size;
	char *buf;

	/* what was handed out before is done with: close the gap */
	if (in->begin) {
		memmove(in->buf, in->buf + in->begin, in->used - in->begin);
		in->used -= in->begin;
		in->seen -= in->begin;
		in->begin = 0;
	}
	if (in->used == in->size) {
		if (in->size >= in->max)
			return -EMSGSIZE;
		size = in->size ? in->size * 2 : INPUT_FIRST;
		size = NV_MIN(size, in->max);
		buf = realloc(in->buf, size);
		if (!buf)
			return -ENOMEM;
		in->buf = buf;
		in->size = size;
	}
	*ret_buf = in->buf + in->used;
	*ret_size = in->size - in->used;
	return 0;
}

void varlink_input_filled(struct varlink_input *in, size_t n)
{
	in->used += n;
}

bool varlink_input_next(struct varlink_input *in, const char **ret,
			size_t *ret_len)
{
	const char *end;

	if (in->seen < in->used) {
		end = memchr(in->buf + in->seen, '\0', in->used - in->seen);
		if (end) {
			*ret = in->buf + in->begin;
			*ret_len = (size_t)(end - *ret);
			in->begin = in->seen = (size_t)(end + 1 - in->buf);
			return true;
		}
		in->seen = in->used;
	}
	if (in->begin == in->used)
		varlink_input_deinit(in);
	return false;
}

bool varlink_input_partial(const struct varlink_input *in)
{
	return in->begin < in->used;
}

void varlink_input_deinit(struct varlink_input *in)
{
	free(in->buf);
	*in = (struct varlink_input){ .max = in->max };
}

const char *varlink_split(const char *name, char *ret_interface)
{
	const char *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : 0;

	if (!dot || len >= VARLINK_NAME)
		return NULL;
	memcpy(ret_interface, name, len);
	ret_interface[len] = '\0';
	return dot + 1;
}

/* The value under @key, NULL if it is absent or null. */
static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

static int read_bool(struct json_object *o, const char *key,
		     struct nv_why *why, bool *ret)
{
	struct json_object *value = member(o, key);

	if (value && !json_object_is_type(value, json_type_boolean))
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "'%s' of a message must be true or false",
				 key);
	*ret = value && json_object_get_boolean(value);
	return 0;
}

static int read_name(struct json_object *o, const char *key,
		     struct nv_why *why, char *ret)
{
	struct json_object *value = member(o, key);
	const char *text = "", *s;

	if (json_object_is_type(value, json_type_string))
		text = json_object_get_string(value);
	for (s = text; *s > ' ' && *s < 0x7f; s++)
		;
	if (*s || s == text || s - text >= VARLINK_NAME)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "'%s' of a message must be a name of at most %d letters",
				 key, VARLINK_NAME - 1);
	memcpy(ret, text, (size_t)(s - text) + 1);
	return 0;
}

static int read_parameters(struct json_object *o, struct nv_why *why,
			   struct json_object **ret)
{
	struct json_object *value = member(o, "parameters");

	if (value && !json_object_is_type(value, json_type_object))
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "'parameters' of a message must be an object");
	*ret = json_object_get(value);
	return 0;
}

static int refuse_unknown(struct json_object *o, struct nv_why *why)
{
	static const char *const keys[] = { "method", "parameters", "oneway",
					    "more", "upgrade" };
	size_t i;

	json_object_object_foreach(o, key, value) {
		(void)value;
		for (i = 0; i < NV_ARRAY_SIZE(keys) && strcmp(key, keys[i]);)
			i++;
		if (i == NV_ARRAY_SIZE(keys))
			return nv_refuse(why, NV_E_BAD_REQUEST,
					 "a Varlink call has no '%.64s'", key);
	}
	return 0;
}

int varlink_call_parse(const char *text, size_t len, struct nv_why *why,
		       struct varlink_call *ret)
{
	nv_cleanup(putp) struct json_object *o = NULL;
	struct varlink_call c = {};
	int r;

	r = strict_parse(text, len, why, &o);
	if (!r)
		r = refuse_unknown(o, why);
	if (!r)
		r = read_name(o, "method", why, c.method);
	if (!r)
		r = read_bool(o, "oneway", why, &c.oneway);
	if (!r)
		r = read_bool(o, "more", why, &c.more);
	if (!r)
		r = read_bool(o, "upgrade", why, &c.upgrade);
	if (!r && c.oneway && c.more)
		r = nv_refuse(why, NV_E_BAD_REQUEST,
			      "a call is either oneway or more");
	if (!r)
		r = read_parameters(o, why, &c.parameters);
	if (!r)
		*ret = c;
	return r;
}

void varlink_call_deinit(struct varlink_call *c)
{
	json_object_put(c->parameters);
	c->parameters = NULL;
}

int varlink_reply_parse(const char *text, size_t len, struct nv_why *why,
			struct varlink_reply *ret)
{
	nv_cleanup(putp) struct json_object *o = NULL;
	struct varlink_reply reply = {};
	int r;

	r = strict_parse(text, len, why, &o);
	if (!r && member(o, "error"))
		r = read_name(o, "error", why, reply.error);
	if (!r)
		r = read_bool(o, "continues", why, &reply.continues);
	if (!r)
		r = read_parameters(o, why, &reply.parameters);
	if (!r)
		*ret = reply;
	return r;
}

void varlink_reply_deinit(struct varlink_reply *r)
{
	json_object_put(r->parameters);
	r->parameters = NULL;
}

/* Takes @value over. */
static int put(struct json_object *o, const char *key,
	       struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(o, key, value)) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static int put_true(struct json_object *o, const char *key, bool set)
{
	return set ? put(o, key, json_object_new_boolean(true)) : 0;
}

static int put_parameters(struct json_object *o, struct json_object *parameters)
{
	return put(o, "parameters",
		   parameters ? json_object_get(parameters) :
				json_object_new_object());
}

/* The text of @o with its NUL. */
static int print(struct json_object *o, char **ret, size_t *ret_size)
{
	size_t len = 0;
	const char *text;
	char *copy;

	text = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
		&len);
	copy = text ? malloc(len + 1) : NULL;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len + 1);
	*ret = copy;
	*ret_size = len + 1;
	return 0;
}

int varlink_call_print(const struct varlink_call *c, char **ret,
		       size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = json_object_new_object();

	if (!o || put(o, "method", json_object_new_string(c->method)) ||
	    put_parameters(o, c->parameters) ||
	    put_true(o, "oneway", c->oneway) || put_true(o, "more", c->more) ||
	    put_true(o, "upgrade", c->upgrade))
		return -ENOMEM;
	return print(o, ret, ret_size);
}

int varlink_reply_print(struct json_object *parameters, bool continues,
			char **ret, size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = json_object_new_object();

	if (!o || put_parameters(o, parameters) ||
	    put_true(o, "continues", continues))
		return -ENOMEM;
	return print(o, ret, ret_size);
}

int varlink_error_print(const char *error, struct json_object *parameters,
			char **ret, size_t *ret_size)
{
	nv_cleanup(putp) struct json_object *o = json_object_new_object();

	if (!o || put(o, "error", json_object_new_string(error)) ||
	    put_parameters(o, parameters))
		return -ENOMEM;
	return print(o, ret, ret_size);
}
