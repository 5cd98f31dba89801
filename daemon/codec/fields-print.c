/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/fields-print.c - structs to JSON by table.
 */
#include "codec/fields.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/base64.h"

/* The longest text of any view, each byte of it repaired to three. */
#define TEXT_MAX 2048

static void putp(struct json_object **o)
{
	json_object_put(*o);
}

static uint64_t u64_at(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool field_present(const struct field *f, const char *s)
{
	const char *v = s + f->at;

	switch (f->presence) {
	case FIELD_ALWAYS:
		return true;
	case FIELD_IF_HAS:
		return *(const bool *)(s + f->has);
	case FIELD_IF_TEXT:
		return s[f->has] != '\0';
	case FIELD_IF_SET:
		break;
	}
	switch (f->kind) {
	case FIELD_BOOL:
		return *(const bool *)v;
	case FIELD_HEX:
		return u64_at(v) != 0;
	default:
		return *v != '\0';
	}
}

/* Everything below returns a new object, or NULL without memory. */

static struct json_object *print_text(const char *text)
{
	char repaired[TEXT_MAX];

	utf8_repair(text, repaired, sizeof(repaired));
	return json_object_new_string(repaired);
}

static struct json_object *print_hex(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	return json_object_new_string(text);
}

static struct json_object *print_struct(const struct fields *t, const void *s)
{
	struct json_object *o = NULL;

	return fields_print(t, s, &o) ? NULL : o;
}

/* Appends; takes @item over. */
static int array_add(struct json_object *array, struct json_object *item)
{
	if (!item)
		return -ENOMEM;
	if (json_object_array_add(array, item)) {
		json_object_put(item);
		return -ENOMEM;
	}
	return 0;
}

static struct json_object *print_item(const struct field *f, const char *item)
{
	switch (f->kind) {
	case FIELD_HEX_LIST:
		return print_hex(u64_at(item));
	case FIELD_TEXT_LIST:
		return print_text(item);
	default:
		return print_struct(f->table, item);
	}
}

static size_t item_size(const struct field *f)
{
	return f->kind == FIELD_HEX_LIST  ? sizeof(uint64_t) :
	       f->kind == FIELD_TEXT_LIST ? f->size :
					    f->table->size;
}

static struct json_object *print_list(const struct field *f, const char *s)
{
	nv_cleanup(putp) struct json_object *array = json_object_new_array();
	const char *item = *(const char *const *)(s + f->at);
	size_t n = *(const size_t *)(s + f->count_at), i;

	if (!array)
		return NULL;
	for (i = 0; i < n; i++, item += item_size(f))
		if (array_add(array, print_item(f, item)))
			return NULL;
	return nv_steal(&array);
}

static struct json_object *print_flags(const struct field *f, const char *s)
{
	nv_cleanup(putp) struct json_object *array = json_object_new_array();
	const bool *set = (const bool *)(s + f->at);
	size_t i;

	if (!array)
		return NULL;
	for (i = 0; i < f->n_words; i++)
		if (set[i] &&
		    array_add(array, json_object_new_string(f->words[i])))
			return NULL;
	return nv_steal(&array);
}

static struct json_object *print_bytes(const struct field *f, const char *s)
{
	nv_cleanup(nv_freep) char *text = NULL;
	size_t n = *(const size_t *)(s + f->count_at);

	text = malloc(BASE64_TEXT(n));
	if (!text)
		return NULL;
	base64_print(*(const uint8_t *const *)(s + f->at), n, text);
	return json_object_new_string(text);
}

static struct json_object *print_value(const struct field *f, const char *s)
{
	const char *v = s + f->at;

	switch (f->kind) {
	case FIELD_TEXT:
		return print_text(v);
	case FIELD_SIZE:
		return json_object_new_int64((int64_t)NV_MIN(u64_at(v), (uint64_t)INT64_MAX));
	case FIELD_U32:
		return json_object_new_int64(*(const uint32_t *)v);
	case FIELD_INT:
		return json_object_new_int64(*(const int *)v);
	case FIELD_BOOL:
		return json_object_new_boolean(*(const bool *)v);
	case FIELD_HEX:
		return print_hex(u64_at(v));
	case FIELD_WORD:
		return json_object_new_string(f->words[*(const unsigned int *)v]);
	case FIELD_FLAGS:
		return print_flags(f, s);
	case FIELD_STRUCT:
		return print_struct(f->table, v);
	case FIELD_LIST:
	case FIELD_HEX_LIST:
	case FIELD_TEXT_LIST:
		return print_list(f, s);
	case FIELD_BYTES:
		return print_bytes(f, s);
	}
	return NULL;
}

int fields_print(const struct fields *t, const void *s,
		 struct json_object **ret)
{
	nv_cleanup(putp) struct json_object *o = json_object_new_object();
	struct json_object *value;
	const struct field *f;
	size_t i;

	if (!o)
		return -ENOMEM;
	for (i = 0; i < t->n; i++) {
		f = &t->field[i];
		if (!field_present(f, s))
			continue;
		value = print_value(f, s);
		if (!value)
			return -ENOMEM;
		if (json_object_object_add(o, f->name, value)) {
			json_object_put(value);
			return -ENOMEM;
		}
	}
	*ret = nv_steal(&o);
	return 0;
}
