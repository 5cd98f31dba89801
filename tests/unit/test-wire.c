/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-wire.c - the tables are the interface description, and read what they print.
 */
#include "codec/wire.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/cm.h"

/* A growing description without comments and white space. */
struct text {
	char s[65536];
	size_t len;
};

static void add(struct text *t, const char *fmt, ...) nv_printf(2, 3);
static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt,
				    ap);
	va_end(ap);
	assert_true(t->len < sizeof(t->s));
}

static void add_fields(struct text *t, const struct fields *f);

static void add_struct(struct text *t, const struct fields *f)
{
	if (f->type)
		add(t, "%s", f->type);
	else
		add_fields(t, f);
}

static void add_field(struct text *t, const struct field *f)
{
	size_t i;

	add(t, "%s:%s", f->name, f->presence == FIELD_ALWAYS ? "" : "?");
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_HEX:
	case FIELD_BYTES:
		add(t, "string");
		break;
	case FIELD_SIZE:
	case FIELD_U32:
	case FIELD_INT:
		add(t, "int");
		break;
	case FIELD_BOOL:
		add(t, "bool");
		break;
	case FIELD_WORD:
		for (i = 0; i < f->n_words; i++)
			add(t, "%c%s", i ? ',' : '(', f->words[i]);
		add(t, ")");
		break;
	case FIELD_FLAGS:
	case FIELD_HEX_LIST:
	case FIELD_TEXT_LIST:
		add(t, "[]string");
		break;
	case FIELD_LIST:
		add(t, "[]");
		add_struct(t, f->table);
		break;
	case FIELD_STRUCT:
		add_struct(t, f->table);
		break;
	}
}

static void add_fields(struct text *t, const struct fields *f)
{
	size_t i;

	add(t, "(");
	for (i = 0; i < f->n; i++) {
		if (i)
			add(t, ",");
		add_field(t, &f->field[i]);
	}
	add(t, ")");
}

static void describe_tables(struct text *t)
{
	static const struct fields *const types[] = {
		&wire_type_place,     &wire_type_extent,  &wire_type_pool,
		&wire_type_candidate, &wire_type_mapping, &wire_type_volume,
		&wire_type_guest_device, &wire_type_guest,
		&wire_type_event,     &wire_type_counter, &wire_type_status,
		&wire_type_progress,
	};
	unsigned int i;

	add(t, "interface" WIRE_INTERFACE);
	for (i = 0; i < NV_ARRAY_SIZE(types); i++) {
		add(t, "type");
		add_struct(t, types[i]);
		add_fields(t, types[i]);
	}
	for (i = 0; i < WIRE_METHODS; i++) {
		add(t, "method");
		add_struct(t, wire_method(i)->request);
		add_fields(t, wire_method(i)->request);
		add(t, "->");
		add_fields(t, wire_method(i)->reply);
	}
#define X(code, NAME, varlink, hint) \
	add(t, "error" #varlink "(message:string,hint:string,code:int)");
	NV_REFUSALS(X)
#undef X
	add(t, "errorFailed(message:string,hint:string,code:int)");
}

static void test_the_tables_are_the_interface_description(void **state)
{
	static struct text want, have;
	const char *s;
	bool comment = false;

	describe_tables(&want);
	for (s = wire_description(); *s; s++) {
		comment = *s == '#' || (comment && *s != '\n');
		if (!comment && !isspace((unsigned char)*s))
			add(&have, "%c", *s);
	}
	assert_string_equal(want.s, have.s);
}

/* Every kind of field, with the values at which they turn. */
static void fill_volume(struct view_volume *v)
{
	struct view_extent *e;
	int i;

	snprintf(v->name, sizeof(v->name), "b\"\\/\n\xc3\xa4");
	snprintf(v->uuid, sizeof(v->uuid), "01234567-89ab-cdef-0123-456789abcdef");
	v->size = INT64_MAX;
	v->state = VIEW_VOLUME_MISSING;
	for (i = 0; i < 3; i++) {
		e = view_volume_add_extent(v);
		assert_non_null(e);
		e->spa = 1ull << (40 + i);
	}
	v->has_mapping = true;
	v->mapping.state = VIEW_MAPPING_UNKNOWN;
	v->mapping.domid = UINT32_MAX;
	assert_int_equal(view_mapping_add_id(&v->mapping, UINT64_MAX), 0);
	assert_int_equal(view_mapping_add_id(&v->mapping, 0), 0);
}

static void test_what_is_printed_is_read_back(void **state)
{
	struct view_volume v = {}, back = {};
	struct json_object *o = NULL, *again = NULL;

	fill_volume(&v);
	assert_int_equal(fields_print(&wire_type_volume, &v, &o), 0);
	assert_int_equal(fields_parse(&wire_type_volume, o, FIELDS_REPLY, NULL, &back), 0);
	assert_int_equal(fields_print(&wire_type_volume, &back, &again), 0);
	assert_true(json_object_equal(o, again));
	assert_string_equal(back.name, v.name);
	assert_int_equal(back.n_extents, 3);
	assert_true(back.extents[2].spa == 1ull << 42);
	assert_int_equal(back.mapping.n_map_ids, 2);
	assert_true(back.mapping.map_ids[0] == UINT64_MAX);
	assert_true(back.mapping.domid == UINT32_MAX);
	assert_int_equal(back.mapping.state, VIEW_MAPPING_UNKNOWN);

	/* an array that was read grows like one that was made */
	assert_non_null(view_volume_add_extent(&back));
	assert_int_equal(view_mapping_add_id(&back.mapping, 7), 0);

	json_object_put(o);
	json_object_put(again);
	view_volume_deinit(&v);
	fields_release(&wire_type_volume, &back);
	assert_null(back.extents);
	assert_null(back.mapping.map_ids);
}

static void test_a_name_that_is_not_utf8_is_repaired_when_printed(void **state)
{
	struct view_place p = { .domain = "evil\xff\xc0\x80\xed\xa0\x80" };
	struct json_object *o = NULL, *name;

	assert_int_equal(fields_print(&wire_type_place, &p, &o), 0);
	assert_true(json_object_object_get_ex(o, "domain", &name));
	assert_string_equal(json_object_get_string(name),
			    "evil\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_object_put(o);
}

static int parse(enum wire_method_id id, const char *json, struct nv_why *why,
		 union wire_request *rq)
{
	struct json_object *o = json_tokener_parse(json);
	int r;

	r = wire_request_parse(id, o, why, rq);
	json_object_put(o);
	return r;
}

static void test_requests_are_refused_with_the_parameter_that_is_wrong(void **state)
{
	static const struct {
		enum wire_method_id id;
		const char *json, *sentence;
	} cases[] = {
		{ WIRE_CREATE_VOLUME, "{\"size\":1}", "'name' is missing in CreateVolume" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\"}", "'size' is missing in CreateVolume" },
		{ WIRE_CREATE_VOLUME, "{\"name\":null,\"size\":1}", "'name' is missing in CreateVolume" },
		{ WIRE_CREATE_VOLUME, "{\"name\":1,\"size\":1}", "'name' must be a string" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":\"1G\"}",
		  "'size' must be an integer from 0 to 9223372036854775807" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":-1}",
		  "'size' must be an integer from 0 to 9223372036854775807" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":1.0}",
		  "'size' must be an integer from 0 to 9223372036854775807" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":9223372036854775808}",
		  "'size' must be an integer from 0 to 9223372036854775807" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\\u0007\",\"size\":1}",
		  "'name' must be text without control characters" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\\u0000b\",\"size\":1}",
		  "'name' must be text without control characters" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":1,\"keep\":1}", "'keep' must be true or false" },
		{ WIRE_CREATE_VOLUME, "{\"name\":\"a\",\"size\":1,\"szie\":1}", "CreateVolume has no parameter 'szie'" },
		{ WIRE_GET_STATUS, "{\"x\":null}", "GetStatus has no parameter 'x'" },
		{ WIRE_MAP, "{\"domain\":\"1\"}", "Map takes either a volume, or pool, offset and size" },
		{ WIRE_MAP, "{\"domain\":\"1\",\"volume\":\"v\",\"offset\":0}",
		  "Map takes either a volume, or pool, offset and size" },
		{ WIRE_MAP, "{\"domain\":\"1\",\"pool\":\"p\",\"size\":4096}",
		  "Map takes either a volume, or pool, offset and size" },
		{ WIRE_UNMAP, "{}", "Unmap takes either a volume, or a map_id other than 0, or domain and gpa" },
		{ WIRE_UNMAP, "{\"map_id\":\"0x0\"}",
		  "Unmap takes either a volume, or a map_id other than 0, or domain and gpa" },
		{ WIRE_UNMAP, "{\"volume\":\"v\",\"gpa\":1}",
		  "Unmap takes either a volume, or a map_id other than 0, or domain and gpa" },
		{ WIRE_UNMAP, "{\"domain\":\"v\"}",
		  "Unmap takes either a volume, or a map_id other than 0, or domain and gpa" },
		{ WIRE_UNMAP, "{\"map_id\":\"12\"}", "'map_id' must be a string like \"0x1f\"" },
		{ WIRE_UNMAP, "{\"map_id\":\"0x12345678901234567\"}", "'map_id' must be a string like \"0x1f\"" },
		{ WIRE_UNMAP, "{\"map_id\":\"0xg\"}", "'map_id' must be a string like \"0x1f\"" },
		{ WIRE_REMOVE_GUEST_DEVICE, "{\"guest\":\"g\"}",
		  "RemoveGuestDevice takes either a volume or a device" },
		{ WIRE_REMOVE_GUEST_DEVICE, "{\"guest\":\"g\",\"volume\":\"v\",\"device\":0}",
		  "RemoveGuestDevice takes either a volume or a device" },
		{ WIRE_ADD_GUEST_DEVICE, "{\"guest\":\"g\",\"volume\":\"v\",\"device\":-1}",
		  "'device' must be an integer from 0 to 4294967295" },
		{ WIRE_WHY, "{\"spa\":1,\"volume\":\"v\"}",
		  "Why takes either spa, or volume and offset, or domain and gpa" },
		{ WIRE_WHY, "{\"domain\":\"d\"}",
		  "Why takes either spa, or volume and offset, or domain and gpa" },
		{ WIRE_LIST_EVENTS, "{\"limit\":0}", "'limit' must be an integer from 1 to 1000" },
		{ WIRE_LIST_EVENTS, "{\"limit\":4294967296}", "'limit' must be an integer from 0 to 4294967295" },
		{ WIRE_LIST_EVENTS, "{\"since\":1,\"after\":1}", "ListEvents takes since or after, not both" },
		{ WIRE_RESTORE, "{\"chunk\":\"A\",\"offset\":0,\"finished\":false}", "'chunk' must be base64" },
	};
	struct nv_why why;
	union wire_request rq;
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].id, cases[i].json, &why, &rq),
				 NV_E_BAD_REQUEST);
		assert_string_equal(why.text, cases[i].sentence);
		fields_release(wire_method(cases[i].id)->request, &rq);
	}
}

static void test_a_name_longer_than_its_buffer_is_refused_not_cut(void **state)
{
	char json[1024], name[512];
	struct nv_why why;
	union wire_request rq;

	memset(name, 'a', sizeof(name));
	name[REQ_NAME] = '\0';
	snprintf(json, sizeof(json), "{\"name\":\"%s\",\"size\":1}", name);
	assert_int_equal(parse(WIRE_CREATE_VOLUME, json, &why, &rq), NV_E_BAD_REQUEST);
	assert_string_equal(why.text, "'name' is longer than 255 bytes");

	name[REQ_NAME - 1] = '\0';
	snprintf(json, sizeof(json), "{\"name\":\"%s\",\"size\":1}", name);
	assert_int_equal(parse(WIRE_CREATE_VOLUME, json, &why, &rq), 0);
	assert_string_equal(rq.create_volume.name, name);
}

static void test_requests_read_into_their_structs(void **state)
{
	struct nv_why why;
	union wire_request rq;

	assert_int_equal(parse(WIRE_MAP, "{\"domain\":\"7\",\"pool\":\"p\",\"offset\":0,\"size\":4096,\"gpa\":0,\"volume\":null}", &why, &rq), 0);
	assert_true(rq.map.has_offset && rq.map.has_size && rq.map.has_gpa);
	assert_int_equal(rq.map.size, 4096);
	assert_int_equal(parse(WIRE_UNMAP, "{\"map_id\":\"0xffffffffffffffff\"}", &why, &rq), 0);
	assert_true(rq.unmap.map_id == UINT64_MAX);
	assert_int_equal(parse(WIRE_LIST_EVENTS, "{}", &why, &rq), 0);
	assert_int_equal(rq.events.limit, WIRE_EVENTS);
	assert_int_equal(parse(WIRE_RESTORE, "{\"chunk\":\"AP+A\",\"offset\":3,\"finished\":true}", &why, &rq), 0);
	assert_int_equal(rq.restore.n_chunk, 3);
	assert_memory_equal(rq.restore.chunk, "\x00\xff\x80", 3);
	fields_release(wire_method(WIRE_RESTORE)->request, &rq);
}

static void test_every_method_is_found_by_its_name(void **state)
{
	unsigned int id;

	for (id = 0; id < WIRE_METHODS; id++)
		assert_int_equal(wire_find(wire_method(id)->request->type), id);
	assert_int_equal(wire_find("map"), WIRE_METHODS);
	assert_int_equal(wire_find(""), WIRE_METHODS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tables_are_the_interface_description),
		cmocka_unit_test(test_what_is_printed_is_read_back),
		cmocka_unit_test(test_a_name_that_is_not_utf8_is_repaired_when_printed),
		cmocka_unit_test(test_requests_are_refused_with_the_parameter_that_is_wrong),
		cmocka_unit_test(test_a_name_longer_than_its_buffer_is_refused_not_cut),
		cmocka_unit_test(test_requests_read_into_their_structs),
		cmocka_unit_test(test_every_method_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
