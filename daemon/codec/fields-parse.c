/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/fields-parse.c - JSON to structs by table.
 */
#include "codec/fields.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/base64.h"

/* What is being read, for the sentence of a refusal. */
struct parse {
	enum fields_mode mode;
	struct nv_why *why;
	const char *name;
};

static int parse_refuse(const struct parse *p, const char *expected)
{
	return nv_refuse(p->why, NV_E_BAD_REQUEST, "'%s' must be %s", p->name,
			 expected);
}

static int parse_text(const struct parse *p, struct json_object *o, char *to,
		      size_t size)
{
	const char *text, *s, *end;
	uint32_t c;
	size_t n;

	if (!json_object_is_type(o, json_type_string))
		return parse_refuse(p, "a string");
	text = json_object_get_string(o);
	end = text + json_object_get_string_len(o);
	for (s = text; s < end; s += n) {
		n = utf8_next(s, (size_t)(end - s), &c);
		if (!n || !c || (p->mode == FIELDS_REQUEST && utf8_is_control(c)))
			return parse_refuse(p, "text without control characters");
	}
	if ((size_t)(end - text) >= size)
		return nv_refuse(p->why, NV_E_BAD_REQUEST,
				 "'%s' is longer than %zu bytes", p->name,
				 size - 1);
	memcpy(to, text, (size_t)(end - text) + 1);
	return 0;
}

static int parse_int(const struct parse *p, struct json_object *o, int64_t min,
		     uint64_t max, int64_t *ret)
{
	uint64_t magnitude;
	int64_t v;

	if (json_object_is_type(o, json_type_int)) {
		v = json_object_get_int64(o);
		magnitude = json_object_get_uint64(o); /* 0 for negative ones */
		if (v >= min && magnitude <= max) {
			*ret = v;
			return 0;
		}
	}
	return nv_refuse(p->why, NV_E_BAD_REQUEST,
			 "'%s' must be an integer from %" PRId64 " to %" PRIu64,
			 p->name, min, max);
}

static int parse_u64(const struct parse *p, struct json_object *o,
		     uint64_t *ret)
{
	int64_t v = 0;
	int r = parse_int(p, o, 0, INT64_MAX, &v);

	if (!r)
		*ret = (uint64_t)v;
	return r;
}

static int parse_hex(const struct parse *p, struct json_object *o,
		     uint64_t *ret)
{
	const char *s = "";
	uint64_t v = 0;

	if (json_object_is_type(o, json_type_string))
		s = json_object_get_string(o);
	if (s[0] != '0' || s[1] != 'x' || !s[2] || strlen(s) > 18)
		return parse_refuse(p, "a string like \"0x1f\"");
	for (s += 2; *s; s++) {
		if (*s >= '0' && *s <= '9')
			v = v << 4 | (uint64_t)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			v = v << 4 | (uint64_t)(*s - 'a' + 10);
		else
			return parse_refuse(p, "a string like \"0x1f\"");
	}
	*ret = v;
	return 0;
}

/* Which of the field's words @o is. */
static int parse_word(const struct parse *p, const struct field *f,
		      struct json_object *o, size_t *ret)
{
	const char *word;
	size_t i;

	if (json_object_is_type(o, json_type_string)) {
		word = json_object_get_string(o);
		for (i = 0; i < f->n_words; i++) {
			if (!strcmp(word, f->words[i])) {
				*ret = i;
				return 0;
			}
		}
	}
	return parse_refuse(p, "one of the words that the interface names");
}

static int parse_flags(const struct parse *p, const struct field *f,
		       struct json_object *o, bool *set)
{
	size_t i, word;
	int r;

	if (!json_object_is_type(o, json_type_array))
		return parse_refuse(p, "an array");
	for (i = 0; i < json_object_array_length(o); i++) {
		r = parse_word(p, f, json_object_array_get_idx(o, i), &word);
		if (r)
			return r;
		set[word] = true;
	}
	return 0;
}

static int parse_struct(const struct parse *p, const struct fields *t,
			struct json_object *o, void *ret)
{
	if (!json_object_is_type(o, json_type_object))
		return parse_refuse(p, "an object");
	return fields_parse(t, o, p->mode, p->why, ret);
}

static int parse_item(const struct parse *p, const struct field *f,
		      struct json_object *o, char *item)
{
	switch (f->kind) {
	case FIELD_HEX_LIST:
		return parse_hex(p, o, (uint64_t *)item);
	case FIELD_TEXT_LIST:
		return parse_text(p, o, item, f->size);
	default:
		return parse_struct(p, f->table, o, item);
	}
}

static int parse_list(const struct parse *p, const struct field *f,
		      struct json_object *o, char *s)
{
	size_t size = f->kind == FIELD_HEX_LIST	 ? sizeof(uint64_t) :
		      f->kind == FIELD_TEXT_LIST ? f->size :
						   f->table->size;
	size_t n, cap = 1, i;
	char *items;
	int r;

	if (!json_object_is_type(o, json_type_array))
		return parse_refuse(p, "an array");
	n = json_object_array_length(o);
	if (!n)
		return 0;
	/* a power of two, which is what view_*_add() takes for capacity */
	while (cap < n)
		cap *= 2;
	items = calloc(cap, size);
	if (!items)
		return -ENOMEM;
	*(char **)(s + f->at) = items;
	*(size_t *)(s + f->count_at) = n;
	for (i = 0; i < n; i++) {
		r = parse_item(p, f, json_object_array_get_idx(o, i),
			       items + i * size);
		if (r)
			return r;
	}
	return 0;
}

static int parse_bytes(const struct parse *p, const struct field *f,
		       struct json_object *o, char *s)
{
	nv_cleanup(nv_freep) uint8_t *bytes = NULL;
	size_t len;

	if (!json_object_is_type(o, json_type_string))
		return parse_refuse(p, "a string");
	len = (size_t)json_object_get_string_len(o);
	bytes = malloc(BASE64_BYTES(len) + 1);
	if (!bytes)
		return -ENOMEM;
	if (base64_parse(json_object_get_string(o), len, bytes,
			 (size_t *)(s + f->count_at)))
		return parse_refuse(p, "base64");
	*(uint8_t **)(s + f->at) = nv_steal(&bytes);
	return 0;
}

static int parse_value(const struct parse *p, const struct field *f,
		       struct json_object *o, char *s)
{
	char *v = s + f->at;
	int64_t number = 0;
	size_t word = 0;
	int r;

	switch (f->kind) {
	case FIELD_TEXT:
		return parse_text(p, o, v, f->size);
	case FIELD_SIZE:
		return parse_u64(p, o, (uint64_t *)v);
	case FIELD_U32:
		r = parse_int(p, o, 0, UINT32_MAX, &number);
		*(uint32_t *)v = (uint32_t)number;
		return r;
	case FIELD_INT:
		r = parse_int(p, o, INT32_MIN, INT32_MAX, &number);
		*(int *)v = (int)number;
		return r;
	case FIELD_BOOL:
		if (!json_object_is_type(o, json_type_boolean))
			return parse_refuse(p, "true or false");
		*(bool *)v = json_object_get_boolean(o);
		return 0;
	case FIELD_HEX:
		return parse_hex(p, o, (uint64_t *)v);
	case FIELD_WORD:
		r = parse_word(p, f, o, &word);
		*(unsigned int *)v = (unsigned int)word;
		return r;
	case FIELD_FLAGS:
		return parse_flags(p, f, o, (bool *)v);
	case FIELD_STRUCT:
		return parse_struct(p, f->table, o, v);
	case FIELD_LIST:
	case FIELD_HEX_LIST:
	case FIELD_TEXT_LIST:
		return parse_list(p, f, o, s);
	case FIELD_BYTES:
		return parse_bytes(p, f, o, s);
	}
	return -EINVAL;
}

static int refuse_unknown(const struct fields *t, struct json_object *o,
			  struct nv_why *why)
{
	size_t i;

	json_object_object_foreach(o, key, value) {
		(void)value;
		for (i = 0; i < t->n && strcmp(key, t->field[i].name);)
			i++;
		if (i == t->n)
			return nv_refuse(why, NV_E_BAD_REQUEST,
					 "%s has no parameter '%.64s'", t->type,
					 key);
	}
	return 0;
}

int fields_parse(const struct fields *t, struct json_object *o,
		 enum fields_mode mode, struct nv_why *why, void *ret)
{
	struct parse p = { .mode = mode, .why = why };
	struct json_object *value;
	const struct field *f;
	char *s = ret;
	size_t i;
	int r;

	if (mode == FIELDS_REQUEST && o) {
		r = refuse_unknown(t, o, why);
		if (r)
			return r;
	}
	for (i = 0; i < t->n; i++) {
		f = &t->field[i];
		p.name = f->name;
		if (!o || !json_object_object_get_ex(o, f->name, &value) ||
		    !value) {
			if (f->presence != FIELD_ALWAYS)
				continue;
			return nv_refuse(why, NV_E_BAD_REQUEST,
					 "'%s' is missing in %s", f->name,
					 t->type);
		}
		r = parse_value(&p, f, value, s);
		if (r)
			return r;
		if (f->presence == FIELD_IF_HAS)
			*(bool *)(s + f->has) = true;
	}
	return 0;
}

void fields_release(const struct fields *t, void *s)
{
	const struct field *f;
	char *base = s, **items;
	size_t *n, i, k;

	for (i = 0; i < t->n; i++) {
		f = &t->field[i];
		if (f->kind == FIELD_STRUCT)
			fields_release(f->table, base + f->at);
		if (f->kind != FIELD_LIST && f->kind != FIELD_HEX_LIST &&
		    f->kind != FIELD_TEXT_LIST && f->kind != FIELD_BYTES)
			continue;
		items = (char **)(base + f->at);
		n = (size_t *)(base + f->count_at);
		for (k = 0; f->kind == FIELD_LIST && k < *n; k++)
			fields_release(f->table, *items + k * f->table->size);
		free(*items);
		*items = NULL;
		*n = 0;
	}
}
