/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-varlink.c - bytes from a client, and from a server, in pieces.
 *
 * A call is parsed into its request; a reply into its views, which then print
 * and read back to the same JSON.
 */
#include "codec/varlink.h"

#include <json-c/json.h>
#include <string.h>

#include "codec/wire.h"

/* An input of nothing but NULs is no better than one with a few. */
#define MESSAGES_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* What any table reads, it prints, and reads again to the same. */
static void both_ways(const struct fields *t, struct json_object *o,
		      enum fields_mode mode)
{
	nv_cleanup(nv_freep) void *s = calloc(1, t->size + 1);
	nv_cleanup(nv_freep) void *again = calloc(1, t->size + 1);
	struct json_object *printed = NULL, *twice = NULL;

	if (!fields_parse(t, o, mode, NULL, s)) {
		check(!fields_print(t, s, &printed));
		check(!fields_parse(t, printed, mode, NULL, again));
		check(!fields_print(t, again, &twice));
		check(json_object_equal(printed, twice));
	}
	json_object_put(printed);
	json_object_put(twice);
	fields_release(t, s);
	fields_release(t, again);
}

static void one_call(const char *text, size_t len)
{
	char interface[VARLINK_NAME];
	enum wire_method_id id = WIRE_METHODS;
	struct varlink_call c = {};
	union wire_request rq;
	nv_cleanup(nv_freep) char *out = NULL;
	const char *method;
	struct nv_why why;
	size_t size;

	if (varlink_call_parse(text, len, &why, &c))
		return;
	method = varlink_split(c.method, interface);
	if (method && !strcmp(interface, WIRE_INTERFACE))
		id = wire_find(method);
	if (id == WIRE_METHODS) {
		check(!varlink_service(&c, &out, &size));
	} else {
		if (!wire_request_parse(id, c.parameters, &why, &rq))
			both_ways(wire_method(id)->request, c.parameters,
				  FIELDS_REQUEST);
		fields_release(wire_method(id)->request, &rq);
	}
	varlink_call_deinit(&c);
}

static void one_reply(const char *text, size_t len)
{
	struct varlink_reply r = {};
	char hint[VARLINK_HINT];
	const struct fields *t;
	struct nv_why why;
	unsigned int id;

	if (varlink_reply_parse(text, len, &why, &r))
		return;
	if (r.error[0])
		check(varlink_refusal_read(&r, &why, hint) != 0);
	else
		for (id = 0; id < WIRE_METHODS; id++) {
			t = wire_method(id)->reply;
			if (t->n && json_object_object_get_ex(r.parameters, t->field[t->n - 1].name, NULL))
				both_ways(t, r.parameters, FIELDS_REPLY);
		}
	varlink_reply_deinit(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct varlink_input in = { .max = 4096 };
	unsigned int messages = 0;
	size_t piece, room, len, n;
	const char *msg;
	char *to;

	if (!size)
		return 0;
	/* the first byte says in what pieces the others come */
	piece = 1u + data[0];
	for (data++, size--; size; data += n, size -= n) {
		if (varlink_input_room(&in, &to, &room))
			break;
		n = NV_MIN(room, size);
		n = NV_MIN(n, piece);
		memcpy(to, data, n);
		varlink_input_filled(&in, n);
		while (varlink_input_next(&in, &msg, &len)) {
			check(msg[len] == '\0' && strlen(msg) == len);
			if (++messages > MESSAGES_MAX)
				break;
			one_call(msg, len);
			one_reply(msg, len);
		}
	}
	varlink_input_deinit(&in);
	return 0;
}
