/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/json.c - results for programs: one envelope for every verb.
 *
 *     {"api": 1, "verb": "volume show", "result": {...}}
 *     {"api": 1, "verb": "volume show", "error": {...}}
 *
 * result is the reply of the verb's Varlink method, so one description holds
 * for both. nvctl.1 documents it and a test compares.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/ctl.h"

struct error {
	char name[VIEW_NAME], message[VIEW_TEXT], hint[VARLINK_HINT];
	int code;
};

static const struct field error_fields[] = {
	{ "name", FIELD_TEXT, FIELD_OF(error, name) },
	{ "code", FIELD_INT, FIELD_AT(error, code) },
	{ "message", FIELD_TEXT, FIELD_OF(error, message) },
	{ "hint", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(error, hint) },
};

static const struct fields error_table = {
	.type = "error",
	.size = sizeof(struct error),
	.field = error_fields,
	.n = NV_ARRAY_SIZE(error_fields),
};

/* JSON leaves DEL, C1 and what reorders text as they are; a terminal does not. */
static void put_safe(FILE *f, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t c;

	for (; len; text += n, len -= n) {
		n = utf8_next(text, len, &c);
		if (n && c >= 0x7f && utf8_is_control(c)) {
			fprintf(f, "\\u%04x", c);
			continue;
		}
		n = n ? n : 1;
		fwrite(text, 1, n, f);
	}
}

static void put_envelope(struct ctl *x, const char *key,
			 const struct fields *t, const void *s)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *o = json_object_new_object(), *inner = NULL;

	/* laid out for a person who looks; a stream stays a line each */
	if (x->term.columns && x->verb && x->verb->method != WIRE_MONITOR)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	if (o && !fields_print(t, s, &inner)) {
		json_object_object_add(o, "api", json_object_new_int(WIRE_API));
		json_object_object_add(o, "verb",
				       json_object_new_string(x->verb ? x->verb->name : ""));
		json_object_object_add(o, key, inner);
		put_safe(x->out, json_object_to_json_string_ext(o, flags));
		fputc('\n', x->out);
		fflush(x->out);
	}
	json_object_put(o);
}

static void json_result(struct ctl *x, const struct fields *t,
			const void *reply)
{
	put_envelope(x, "result", t, reply);
}

static void json_refusal(struct ctl *x, int r)
{
	const char *name = r == CTL_USAGE ? "Usage" : nv_refusal_varlink(r);
	struct error e = { .code = r > 0 ? r : 1 };

	view_text_set(e.name, sizeof(e.name), name ? name : "Failed");
	view_text_set(e.hint, sizeof(e.hint), x->hint);
	if (x->why.text[0])
		view_text_set(e.message, sizeof(e.message), x->why.text);
	else
		view_text_set(e.message, sizeof(e.message),
			      r < 0 ? strerror(-r) : "it failed");
	put_envelope(x, "error", &error_table, &e);
}

static void json_progress(struct ctl *x, const struct view_progress *p)
{
}

const struct output output_json = {
	.result = json_result,
	.refusal = json_refusal,
	.progress = json_progress,
};
